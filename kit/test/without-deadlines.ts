import { onTestFinished, vi } from 'vitest';

/**
 * Stops every `setTimeout` of this process until the end of the test. If the work still ends, it did not wait for a
 * deadline.
 */
export function withoutDeadlines(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}
