import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import type { MiddlewareContext } from '../context.ts';
import type { PollResult } from './poll.ts';

const idleLineEveryMs = 60_000;

export function createPollLog(context: Pick<MiddlewareContext, 'logger' | 'clock'>) {
  const { logger, clock } = context;
  const outage = createOutageLog(context, { meanwhile: 'polling goes on', over: 'polling works again' });
  let idlePolls = 0;
  let idleLineMs = clock.monotonicMs();

  return ({ outcome, seen, cursor, reason }: PollResult) => {
    if (seen > 0) {
      logger.info(`poll: ${seen} new ${seen === 1 ? 'customer' : 'customers'}, cursor ${cursor}`, { seen, cursor });
    }
    if (outcome === 'failed') return outage.away(reason ?? 'the poll failed');
    outage.back();
    idlePolls = outcome === 'idle' ? idlePolls + 1 : 0;
    const nowMs = clock.monotonicMs();
    if (nowMs - idleLineMs >= idleLineEveryMs) {
      if (idlePolls > 0) logger.info(`no new customer in ${idlePolls} polls, cursor ${cursor}`, { idlePolls, cursor });
      idleLineMs = nowMs;
    }
  };
}
