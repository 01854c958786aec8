import type { MiddlewareContext } from '../context.ts';
import { formatDuration } from './format.ts';
import type { PollResult } from './poll.ts';

const oftenEnoughMs = 60_000;

/** What the console says of polls: each that found someone; idle ones and an absent CRM once a minute. */
export function createPollLog({ logger, clock }: Pick<MiddlewareContext, 'logger' | 'clock'>) {
  let idlePolls = 0;
  let idleLineMs = clock.monotonicMs();
  let failingSinceMs: number | undefined;
  let failureLineMs = 0;

  function failed(reason: string) {
    const nowMs = clock.monotonicMs();
    if (failingSinceMs === undefined) {
      failingSinceMs = nowMs;
      logger.warn(`${reason}; polling goes on`);
    } else if (nowMs - failureLineMs >= oftenEnoughMs) {
      logger.warn(`${reason}, for ${formatDuration(nowMs - failingSinceMs)} now; polling goes on`);
    } else {
      return;
    }
    failureLineMs = nowMs;
  }

  return ({ outcome, seen, cursor, reason, unusable }: PollResult) => {
    const nowMs = clock.monotonicMs();
    if (seen > 0)
      logger.info(`poll: ${seen} new ${seen === 1 ? 'customer' : 'customers'}, cursor ${cursor}`, { seen, cursor });
    if (unusable > 0 && seen > 0)
      logger.error(`the CRM lists ${unusable} entries without a usable id; they get no package`);
    if (outcome === 'failed') return failed(reason ?? 'the poll failed');
    if (failingSinceMs !== undefined) {
      logger.info(`polling works again after ${formatDuration(nowMs - failingSinceMs)}`);
      failingSinceMs = undefined;
    }
    idlePolls = outcome === 'idle' ? idlePolls + 1 : 0;
    if (nowMs - idleLineMs >= oftenEnoughMs) {
      if (idlePolls > 0) logger.info(`no new customer in ${idlePolls} polls, cursor ${cursor}`, { idlePolls, cursor });
      idleLineMs = nowMs;
    }
  };
}
