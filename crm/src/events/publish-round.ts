import type { Logger } from '@doorstep/kit/process/logger.ts';
import { backoffMs } from '@doorstep/kit/work/backoff.ts';
import type { Next } from '@doorstep/kit/work/worker.ts';
import { unpublishedBacklog } from '../db/events.ts';
import type { EventMetrics } from '../metrics.ts';
import { type PublishContext, publishWaiting } from './publish-waiting.ts';

export type RoundOptions = PublishContext & { logger: Logger; metrics: EventMetrics; random: () => number };

/** Another process of this CRM may write an event without waking this one, so the outbox is also polled. */
const lookAgainMs = 5_000;
const backoff = { firstMs: 1_000, longestMs: 60_000 };

/** Each call publishes one batch and returns when to call next, with backoff while publishing fails. */
export function createPublishRound(options: RoundOptions): (stop: AbortSignal) => Promise<Next> {
  const { metrics, logger } = options;
  let failures = 0;
  return async (stop) => {
    const { published, failure } = await publishWaiting(options, stop).catch((error: Error) => ({
      published: 0,
      failure: { event: undefined, reason: `the outbox cannot be used: ${error.message}` },
    }));
    metrics.published.inc(published);
    if (failure) {
      failures = published > 0 ? 1 : failures + 1;
      metrics.failures.inc();
      const waitMs = backoffMs(backoff, failures, options.random());
      logger.warn(await describeFailure(options, { ...failure, failures, waitMs }));
      return { inMs: waitMs };
    }
    if (failures > 0) logger.info(`events are published again, after ${failures} failure${failures > 1 ? 's' : ''}`);
    failures = 0;
    return published > 0 ? { inMs: 0 } : { inMs: lookAgainMs, orWhenWoken: true };
  };
}

type Failure = {
  event: { id: number; type: string; customer_id: number } | undefined;
  reason: string;
  failures: number;
  waitMs: number;
};

async function describeFailure({ db, clock }: RoundOptions, { event, reason, failures, waitMs }: Failure) {
  const what = event
    ? `event ${event.id} (${event.type}, customer ${event.customer_id}) was not published`
    : 'no event was published';
  const next = `attempt ${failures + 1} in ${(waitMs / 1000).toFixed(1)} s`;
  const backlog = await unpublishedBacklog(db, clock.now()).catch(() => undefined);
  if (!backlog?.count) return `${what}: ${reason}; ${next}`;
  return `${what}: ${reason}; ${next}; ${backlog.count} waiting, the oldest for ${Math.round(backlog.oldestSeconds)} s`;
}
