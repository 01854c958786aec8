import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, at most until the signal comes: what was begun is then brought to its end at once. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
