import { setTimeout as sleep } from 'node:timers/promises';

const startAgainMs = 500;

/** No injected fault lasts longer, so a process that does not start by then is a failure. */
const startTimeoutMs = 3 * 60_000;

type Start = { startOnce: () => Promise<boolean>; onFailed: () => void; ended: AbortSignal };

/** @throws Error if the process does not start within three minutes. */
export async function startWithRetries(what: string, { startOnce, onFailed, ended }: Start): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!ended.aborted && !(await startOnce())) {
    if (ended.aborted) return;
    onFailed();
    if (performance.now() > deadlineMs) throw new Error(`${what} could not be started within ${startTimeoutMs} ms`);
    await pause(startAgainMs, ended);
  }
}

/** Waits until the time has passed or the signal aborts. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
