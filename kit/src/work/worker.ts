import { systemClock } from '../clock.ts';
import { isUnavailable } from '../database/faults.ts';
import type { Logger } from '../process/logger.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { createOutageLog } from './outage-log.ts';
import type { OwnerLock } from './owner-lock.ts';

// Job queues from npm bring their own tables and schedules. This is one loop that works only while it holds a lock.

export type Next = {
  inMs: number;
  /** Whether `wake` starts it sooner. */
  orWhenWoken?: boolean;
};

export type WorkerOptions = {
  /**
   * Runs one round; ends early without an error on the signal. If a round throws, the worker logs it and goes on: a
   * warning if the database is unavailable, otherwise an error, because it is a bug.
   */
  work: (stop: AbortSignal) => Promise<Next>;
  /** @throws while another process holds the lock. */
  takeLock: () => Promise<OwnerLock>;
  logger: Logger;
  /** The log texts for when this process cannot work (after the reason), and for when it can again. */
  words: { idle: string; mine: string };
  /** The wait before the next try to take the lock, and after a round that throws; 5 s by default. */
  standByMs?: number;
};

/** Disposing stops the worker and waits for the round under way. */
export type Worker = AsyncDisposable & {
  /** Begins to stop without waiting, so that other work can stop meanwhile. */
  beginStop(): void;
  wake(): void;
};

/** Runs rounds in the background as long as this process holds the lock. */
export function startWorker(options: WorkerOptions): Worker {
  const stop = new AbortController();
  const alarm = createAlarm(stop.signal);
  const running = run(options, alarm, stop.signal);
  return {
    wake: alarm.ring,
    beginStop: () => stop.abort(),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function run(options: WorkerOptions, alarm: Alarm, stop: AbortSignal): Promise<void> {
  const { standByMs = 5_000 } = options;
  const right = createRight(options);
  const work = createRound(options, standByMs);
  while (!stop.aborted) {
    const next = (await right.have()) ? await work(stop) : { inMs: standByMs };
    if (next.inMs > 0) await (next.orWhenWoken ? alarm.sleepUntilRung(next.inMs) : alarm.sleep(next.inMs));
  }
  await right.giveUp();
}

function createRound({ work, logger, words }: WorkerOptions, standByMs: number) {
  const outage = createStandByLog(logger, words);
  return async (stop: AbortSignal): Promise<Next> => {
    try {
      const next = await work(stop);
      outage.back();
      return next;
    } catch (error) {
      const { message } = error as Error;
      if (isUnavailable(error)) outage.away(message, error);
      else logger.error(`${words.idle} for the next ${standByMs / 1000} s: ${message}`, { error });
      return { inMs: standByMs };
    }
  };
}

function createRight({ takeLock, logger, words }: WorkerOptions) {
  const outage = createStandByLog(logger, words);
  let lock: OwnerLock | undefined;
  return {
    async have(): Promise<boolean> {
      try {
        lock ??= await takeLock();
        await lock.ensure();
        outage.back();
        return true;
      } catch (error) {
        lock = undefined;
        outage.away((error as Error).message);
        return false;
      }
    },
    async giveUp(): Promise<void> {
      await lock?.release();
    },
  };
}

/** A process may be a standby for days, so only a new reason is logged again. */
function createStandByLog(logger: Logger, { idle, mine }: WorkerOptions['words']) {
  const words = { meanwhile: idle, over: mine };
  return createOutageLog({ logger, clock: systemClock }, words, 'when the reason changes');
}
