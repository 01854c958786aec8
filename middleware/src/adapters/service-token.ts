import type { Tokens } from '@doorstep/kit/auth.ts';

const lifeSeconds = 300;
const renewBeforeMs = 60_000;

/** A short-lived token for services of ours, renewed before it ends; or the fixed one that was configured. */
export function serviceToken(tokens: Tokens, configured: string | undefined): () => Promise<string> {
  if (configured) return async () => configured;
  let current: { token: Promise<string>; renewAtMs: number } | undefined;
  return () => {
    if (!current || performance.now() >= current.renewAtMs) {
      const token = tokens.sign({ subject: 'middleware', role: 'service' }, lifeSeconds);
      current = { token, renewAtMs: performance.now() + lifeSeconds * 1000 - renewBeforeMs };
    }
    return current.token;
  };
}
