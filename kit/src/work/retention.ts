import type { Clock } from '../clock.ts';
import type { Logger } from '../process/logger.ts';
import { type Next, startWorker, type Worker } from './worker.ts';

type RoundOptions = {
  days: number;
  clock: Clock;
  /** Deletes at most 500 rows from before this time (ISO 8601). Returns whether there may be more. */
  deleteSome: (before: string) => Promise<boolean>;
};

export type RetentionOptions = RoundOptions & { logger: Logger };

const dayMs = 86_400_000;
/** So slow that a clock which is wrong for some minutes costs a few thousand rows. */
const nextStepMs = 10_000;
const lookAgainMs = 600_000;

const words = { idle: 'old rows are not deleted', mine: 'old rows are deleted again' };

/** Several processes may delete at once. */
const noLock = { ensure: async () => undefined, release: async () => undefined };

/** Deletes old rows in the background, in small steps; undefined if `days` is 0, which keeps everything. */
export function startRetention(options: RetentionOptions): Worker | undefined {
  if (options.days === 0) return undefined;
  const { logger } = options;
  return startWorker({ work: createRetentionRound(options), takeLock: async () => noLock, logger, words });
}

/**
 * Each call deletes some rows and returns when to call next. A clock that is set forward makes nothing older: after the
 * first call, time passes no faster than the monotonic clock.
 */
export function createRetentionRound({ days, clock, deleteSome }: RoundOptions): () => Promise<Next> {
  const startMs = clock.now().getTime();
  const startMonotonicMs = clock.monotonicMs();
  return async () => {
    const passedMs = clock.monotonicMs() - startMonotonicMs;
    const nowMs = Math.min(clock.now().getTime(), startMs + passedMs);
    const more = await deleteSome(new Date(nowMs - days * dayMs).toISOString());
    return { inMs: more ? nextStepMs : lookAgainMs };
  };
}
