import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `check` neither throws nor gives false, asking often at first and less often later; then gives what it gave.
 * Fails with its last error.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 20_000): Promise<Exclude<T, false>> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 1.5, 100)) {
    try {
      const value = await check();
      if (value !== false) return value as Exclude<T, false>;
      if (performance.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${check}`);
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(waitMs);
  }
}
