import { createTask } from 'node-cron';

export type Schedule = { stop(): void };

/** A clock that is set back moves the next time away, so it is looked at this often. */
const lookEveryMs = 1_000;

/**
 * Does the work whenever the wall clock comes to a time of the cron expression, and not while it is still at it. Times that
 * a clock has jumped over, as it was set or the machine slept, are made up for by one. `work` never throws.
 */
export function startSchedule(expression: string, work: () => Promise<void>): Schedule {
  // Only for its times: started, it would wait for the one it has worked out until a clock that was set back comes there
  // again, and after one that was set forward it would walk through all that lie between.
  const times = createTask(expression, () => undefined);
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
