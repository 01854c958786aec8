import { systemClock } from '../clock.ts';
import { isUnavailable } from '../database/faults.ts';
import type { Logger } from '../process/logger.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { createOutageLog } from './outage-log.ts';
import type { OwnerLock } from './owner-lock.ts';

// Job queues from npm bring tables and schedules of their own. This is one loop, which works only while it holds a lock.

/** When the next round is. */
export type Next = {
  /** 0: at once. */
  inMs: number;
  /** Whether `wake` lets it come sooner. */
  orWhenWoken?: boolean;
};

export type WorkerOptions = {
  /**
   * One round; with the signal it ends early, and well. One that throws is a bug, unless the database is away: it is
   * logged, and the next one follows.
   */
  work: (stop: AbortSignal) => Promise<Next>;
  /** One process works at a time. @throws while another one does. */
  takeLock: () => Promise<OwnerLock>;
  logger: Logger;
  /** What the log says, after the reason, when this process cannot work; and when it can again. */
  words: { idle: string; mine: string };
  /** How long until it tries again to take the lock, or goes on after a bug; 5 s by default. */
  standByMs?: number;
};

/** Disposing of it stops it, and waits for the round that is under way. */
export type Worker = AsyncDisposable & {
  /** Lets it come to its end, where something else is to end meanwhile. */
  beginStop(): void;
  /** There is something to do. */
  wake(): void;
};

/** Works in the background, round after round, for as long as this process has the right to. */
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

/** The right to be the process that works. */
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

/** A process may stand by for days because another one works. */
function createStandByLog(logger: Logger, { idle, mine }: WorkerOptions['words']) {
  const words = { meanwhile: idle, over: mine };
  return createOutageLog({ logger, clock: systemClock }, words, 'when the reason changes');
}
