import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from './patience.ts';

/**
 * Waits until `check` neither throws nor returns false, and returns its value. Calls it often at first and less often
 * later. On timeout it throws the last error, and says how long it waited and for what.
 */
export async function eventually<T>(check: () => T | Promise<T>): Promise<Exclude<T, false>> {
  const startedAt = performance.now();
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 1.5, 100)) {
    const { value, error } = await outcomeOf(check);
    if (error === undefined && value !== false) return value as Exclude<T, false>;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > patienceMs()) throw describedAs(error, waitedMs, check);
    await sleep(waitMs);
  }
}

/** Waits for a promise that has no time limit of its own. `what` names the missing event in the error. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const limit = async (): Promise<never> => {
    const startedAt = performance.now();
    while (performance.now() - startedAt < patienceMs()) await sleep(1_000, undefined, { signal: settled.signal });
    throw new Error(`${what} did not come after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  };
  try {
    return await Promise.race([promise, limit()]);
  } finally {
    settled.abort();
  }
}

async function outcomeOf<T>(check: () => T | Promise<T>): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await check() };
  } catch (error) {
    return { error };
  }
}

function describedAs(error: unknown, waitedMs: number, check: () => unknown): unknown {
  const waited = `after waiting ${Math.round(waitedMs / 1_000)} s for ${check}`;
  if (!(error instanceof Error)) return new Error(`still false ${waited}`, { cause: error });
  error.message = `${error.message} (${waited})`;
  return error;
}
