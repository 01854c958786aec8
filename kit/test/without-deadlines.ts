import { onTestFinished, vi } from 'vitest';

/**
 * From now on no deadline that this process sets with `setTimeout` comes, until the end of the test: what ends did not
 * wait for one.
 */
export function withoutDeadlines(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}
