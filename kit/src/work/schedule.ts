import { createTask } from 'node-cron';

export type Schedule = { stop(): void };

/** The clock is checked this often, because setting it back would delay the next run. */
const lookEveryMs = 1_000;

/**
 * Runs the work at the times of the cron expression in UTC, by the wall clock, never twice at once. If the clock jumps
 * over several times because it was set or the machine slept, the work runs once for all of them. `work` must not throw.
 */
export function startSchedule(expression: string, work: () => Promise<void>): Schedule {
  // Used only to compute times. If it were started, it would wait too long after the clock is set back, and step
  // through every missed time after the clock is set forward.
  // In local time, each autumn would skip or repeat an hour.
  const times = createTask(expression, () => undefined, { timezone: 'UTC' });
  const following = () => (times.getNextRuns(1)[0] as Date).getTime();
  let nextMs = following();
  let lookedMs = Date.now();
  let isWorking = false;
  let timer: NodeJS.Timeout | undefined;

  function arm() {
    timer = setTimeout(look, Math.min(Math.max(nextMs - Date.now(), 1), lookEveryMs));
  }

  function look() {
    const nowMs = Date.now();
    const isDue = nowMs >= nextMs;
    if (isDue || nowMs < lookedMs) nextMs = following();
    lookedMs = nowMs;
    if (isDue && !isWorking) {
      isWorking = true;
      void work().finally(() => {
        isWorking = false;
      });
    }
    arm();
  }

  arm();
  return {
    stop() {
      clearTimeout(timer);
      void times.destroy();
    },
  };
}
