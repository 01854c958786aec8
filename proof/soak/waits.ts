import { setTimeout as sleep } from 'node:timers/promises';

const startAgainMs = 500;

/** Whatever is done to them, nothing is kept from starting for longer: an outage that does not end is a failure. */
const startPatienceMs = 3 * 60_000;

type Start = { startOnce: () => Promise<boolean>; onFailed: () => void; ended: AbortSignal };

/** @throws where it does not start however often it is tried. */
export async function startAgainAndAgain(what: string, { startOnce, onFailed, ended }: Start): Promise<void> {
  const deadlineMs = performance.now() + startPatienceMs;
  while (!ended.aborted && !(await startOnce())) {
    if (ended.aborted) return;
    onFailed();
    if (performance.now() > deadlineMs) throw new Error(`${what} could not be started for ${startPatienceMs} ms`);
    await pause(startAgainMs, ended);
  }
}

/** Waits, at most until the signal comes: what was begun is then brought to its end at once. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
