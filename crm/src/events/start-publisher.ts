import type { OwnerLock } from '@doorstep/kit/database/lock.ts';
import type { Logger } from '@doorstep/kit/logger.ts';
import { unpublishedBacklog } from '../db/events.ts';
import type { EventMetrics } from '../metrics.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { type PublishContext, publishWaiting } from './publish-waiting.ts';

export type PublisherOptions = PublishContext & {
  logger: Logger;
  metrics: EventMetrics;
  random: () => number;
  /** One process publishes, or the order would be lost. @throws while another one does. */
  takeLock: () => Promise<OwnerLock>;
};

export type Publisher = AsyncDisposable & {
  /** There is something to publish. */
  wake(): void;
};

/** Another process of this CRM may have written an event, so the outbox is looked into even without a call. */
const lookAgainMs = 5_000;
/** While another process publishes, or the lock cannot be had. */
const standByMs = 5_000;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

/** Publishes events in their order, at least once, as soon as they are written; backs off while that fails. */
export function startPublisher(options: PublisherOptions): Publisher {
  const stop = new AbortController();
  const alarm = createAlarm(stop.signal);
  const running = run(options, alarm, stop.signal);
  return {
    wake: alarm.ring,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function run(options: PublisherOptions, alarm: Alarm, stop: AbortSignal): Promise<void> {
  const { metrics, logger } = options;
  const right = createRight(options);
  let failures = 0;
  while (!stop.aborted) {
    if (!(await right.have())) {
      await alarm.sleep(standByMs);
      continue;
    }
    const { published, failure } = await publishWaiting(options, stop).catch((error: Error) => ({
      published: 0,
      failure: { event: undefined, reason: `the outbox cannot be used: ${error.message}` },
    }));
    metrics.published.inc(published);
    if (failure) {
      failures = published > 0 ? 1 : failures + 1;
      metrics.failures.inc();
      const waitMs = backoffMs(failures, options.random());
      logger.warn(await describeFailure(options, { ...failure, failures, waitMs }));
      await alarm.sleep(waitMs);
    } else {
      if (failures > 0) logger.info(`events are published again, after ${failures} failure${failures > 1 ? 's' : ''}`);
      failures = 0;
      if (published === 0) await alarm.sleepUntilRung(lookAgainMs);
    }
  }
  await right.giveUp();
}

/** The right to be the process that publishes. Why it cannot be had is told once, for it may be so for long. */
function createRight({ takeLock, logger }: PublisherOptions) {
  let lock: OwnerLock | undefined;
  let hindrance: string | undefined;
  return {
    async have(): Promise<boolean> {
      try {
        lock ??= await takeLock();
        await lock.ensure();
        if (hindrance !== undefined) logger.info('events are published by this process from now on');
        hindrance = undefined;
        return true;
      } catch (error) {
        const { message } = error as Error;
        if (message !== hindrance) logger.warn(`events are not published by this process: ${message}`);
        hindrance = message;
        lock = undefined;
        return false;
      }
    },
    async giveUp(): Promise<void> {
      await lock?.release();
    },
  };
}

/** Doubles from a second to a minute, ± 20 %. */
export function backoffMs(failures: number, random: number): number {
  return Math.min(firstWaitMs * 2 ** (failures - 1), longestWaitMs) * (0.8 + 0.4 * random);
}

type Failure = {
  event: { id: number; type: string; customer_id: number } | undefined;
  reason: string;
  failures: number;
  waitMs: number;
};

/** What failed, why, what happens next, and what waits. */
async function describeFailure({ db, clock }: PublisherOptions, { event, reason, failures, waitMs }: Failure) {
  const what = event
    ? `event ${event.id} (${event.type}, customer ${event.customer_id}) is not published`
    : 'no event is published';
  const next = `try ${failures + 1} in ${(waitMs / 1000).toFixed(1)} s`;
  const backlog = await unpublishedBacklog(db, clock.now()).catch(() => undefined);
  if (!backlog?.count) return `${what}: ${reason}; ${next}`;
  return `${what}: ${reason}; ${next}; ${backlog.count} wait, the oldest for ${Math.round(backlog.oldestSeconds)} s`;
}
