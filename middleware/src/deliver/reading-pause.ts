import type { MiddlewareContext } from '../context.ts';
import type { NoPage } from '../ports.ts';

const firstPauseMs = 5_000;
const pauseMaxMs = 600_000;

export type ReadingPause = ReturnType<typeof createReadingPause>;

/** Leaves a CRM that could not be read alone for a while, each time twice as long. */
export function createReadingPause(clock: MiddlewareContext['clock']) {
  let failures = 0;
  let failure: NoPage | undefined;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  return {
    /** Reads, or gives the last failure. */
    async unlessOn<Read extends object>(read: () => Promise<Read | NoPage>): Promise<Read | NoPage> {
      if (failure && clock.monotonicMs() < notBeforeMs) return failure;
      const answer = await read();
      if ('kind' in answer && answer.kind === 'unavailable') {
        failure = answer;
        notBeforeMs = clock.monotonicMs() + Math.min(firstPauseMs * 2 ** failures, pauseMaxMs);
        failures += 1;
      } else {
        failure = undefined;
        failures = 0;
      }
      return answer;
    },
    remainingMs: () => (failure ? Math.max(notBeforeMs - clock.monotonicMs(), 0) : 0),
    end() {
      notBeforeMs = Number.NEGATIVE_INFINITY;
    },
  };
}
