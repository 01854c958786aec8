import { serviceRole, type Tokens } from '../auth/tokens.ts';
import type { Clock } from '../clock.ts';

const lifeSeconds = 300;
const renewBeforeMs = 60_000;

type Options = {
  tokens: Tokens;
  clock: Clock;
  subject: string;
  /** The token for a service that is not Doorstep's, which cannot verify a service token. */
  configured?: string | undefined;
};

/**
 * Returns the configured token, or else a short-lived service token, renewed before it expires. Renewal uses the wall
 * clock, because expiry does: the clock may be set, and it goes on while the machine sleeps.
 */
export function serviceToken({ tokens, clock, subject, configured }: Options): () => Promise<string> {
  if (configured) return async () => configured;
  let current: { token: Promise<string>; madeAtMs: number } | undefined;
  return () => {
    const nowMs = clock.now().getTime();
    const ageMs = current ? nowMs - current.madeAtMs : Number.POSITIVE_INFINITY;
    if (!current || ageMs < 0 || ageMs >= lifeSeconds * 1000 - renewBeforeMs) {
      const token = tokens.sign({ subject, role: serviceRole }, lifeSeconds);
      current = { token, madeAtMs: nowMs };
    }
    return current.token;
  };
}
