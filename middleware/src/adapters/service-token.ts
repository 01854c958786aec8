import type { Tokens } from '@doorstep/kit/auth.ts';
import type { Clock } from '@doorstep/kit/clock.ts';

const lifeSeconds = 300;
const renewBeforeMs = 60_000;

/**
 * A short-lived token for services of ours, renewed before it ends; or the fixed one that was configured. It ends by the
 * wall clock, so it is renewed by the wall clock, which may have been set, or have gone on while the machine slept.
 */
export function serviceToken(tokens: Tokens, clock: Clock, configured: string | undefined): () => Promise<string> {
  if (configured) return async () => configured;
  let current: { token: Promise<string>; madeAtMs: number } | undefined;
  return () => {
    const nowMs = clock.now().getTime();
    const ageMs = current ? nowMs - current.madeAtMs : Number.POSITIVE_INFINITY;
    if (!current || ageMs < 0 || ageMs >= lifeSeconds * 1000 - renewBeforeMs) {
      const token = tokens.sign({ subject: 'middleware', role: 'service' }, lifeSeconds);
      current = { token, madeAtMs: nowMs };
    }
    return current.token;
  };
}
