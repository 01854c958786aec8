import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { MiddlewareContext } from '../context.ts';
import { countWaiting } from '../db/deliveries.ts';

const everyMs = 2_000;
/** With fewer waiting, their own lines say enough. */
const worthTellingMin = 100;

export type Backlog = { done(count: number): void; stop(): void };

/** Tells how a long backlog goes, every two seconds, until it is stopped: done and all, per second, time remaining. */
export function watchBacklog({ db, clock, logger }: MiddlewareContext): Backlog {
  const startMs = clock.monotonicMs();
  let done = 0;
  const tell = async () => {
    const waiting = await countWaiting(db);
    if (waiting <= worthTellingMin) return;
    const perSecond = done / ((clock.monotonicMs() - startMs) / 1000);
    const remaining = perSecond > 0 ? `, ${formatDuration((waiting / perSecond) * 1000)} left` : '';
    logger.info(`backlog: ${done}/${done + waiting} done, ${Math.round(perSecond)} per second${remaining}`);
  };
  // a look that fails is only a line less
  const timer = setInterval(() => void tell().catch(() => undefined), everyMs);
  return {
    done: (count) => {
      done += count;
    },
    stop: () => clearInterval(timer),
  };
}
