import type { Tokens } from '../auth/tokens.ts';
import type { Clock } from '../clock.ts';

const lifeSeconds = 300;
const renewBeforeMs = 60_000;

type Options = {
  tokens: Tokens;
  clock: Clock;
  /** The service that calls. */
  subject: string;
  /** The token for a neighbour that is not ours, and cannot know one that we make. */
  configured?: string | undefined;
};

/**
 * A short-lived token for services of ours, renewed before it ends; or the fixed one that was configured. It ends by the
 * wall clock, so it is renewed by the wall clock, which may have been set, or have gone on while the machine slept.
 */
export function serviceToken({ tokens, clock, subject, configured }: Options): () => Promise<string> {
  if (configured) return async () => configured;
  let current: { token: Promise<string>; madeAtMs: number } | undefined;
  return () => {
    const nowMs = clock.now().getTime();
    const ageMs = current ? nowMs - current.madeAtMs : Number.POSITIVE_INFINITY;
    if (!current || ageMs < 0 || ageMs >= lifeSeconds * 1000 - renewBeforeMs) {
      const token = tokens.sign({ subject, role: 'service' }, lifeSeconds);
      current = { token, madeAtMs: nowMs };
    }
    return current.token;
  };
}
