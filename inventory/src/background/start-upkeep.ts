import type { Logger } from '@doorstep/kit/process/logger.ts';
import { backoffMs } from '@doorstep/kit/work/backoff.ts';
import type { OwnerLock } from '@doorstep/kit/work/owner-lock.ts';
import { type Next, startWorker, type Worker } from '@doorstep/kit/work/worker.ts';
import type { InventoryContext } from '../context.ts';
import { countAlerts } from '../db/alerts.ts';
import type { StockMetrics } from '../metrics.ts';
import type { AlertTarget } from '../ports.ts';
import { fillWaiting } from '../stock/fill-waiting.ts';
import { type Failure, sendAlerts } from './send-alerts.ts';

type UpkeepOptions = {
  context: InventoryContext;
  target: AlertTarget | undefined;
  logger: Logger;
  metrics: StockMetrics;
  random: () => number;
  takeLock: () => Promise<OwnerLock>;
};

/** The worker also polls, because another process or a command may have changed the stock. */
const lookAgainMs = 5_000;
/** While the webhook is unavailable. */
const waits = { firstMs: 1_000, longestMs: 60_000 };

const words = {
  idle: 'this process does not handle back-orders or alerts',
  mine: 'this process has taken over back-orders and alerts',
};

/** Starts the worker that fills the back-orders left over by earlier transactions, and sends alerts. */
export function startUpkeep(options: UpkeepOptions): Worker {
  const { context, target, logger, takeLock, random } = options;
  const send = target && createSender({ ...options, target, random });
  const work = async (stop: AbortSignal): Promise<Next> => {
    // alerts first: a blocked write must not delay them
    const sendAgainMs = send ? await send(stop) : lookAgainMs;
    if (await fillWaiting(context)) return { inMs: 0 };
    return { inMs: Math.min(sendAgainMs, lookAgainMs), orWhenWoken: true };
  };
  return startWorker({ work, takeLock, logger, words });
}

/** Returns the milliseconds until the next useful attempt. */
function createSender({ context, target, logger, metrics, random }: UpkeepOptions & { target: AlertTarget }) {
  const { clock } = context;
  let failuresInRow = 0;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  return async (stop: AbortSignal): Promise<number> => {
    if (clock.monotonicMs() < notBeforeMs) return notBeforeMs - clock.monotonicMs();
    const { sent, failures } = await sendAlerts({ ...context, target, random }, stop);
    metrics.webhooks.inc({ outcome: 'sent' }, sent);
    metrics.webhooks.inc({ outcome: 'failed' }, failures.length);
    const own = failures.filter(({ isForAll }) => !isForAll);
    for (const failure of own) logger.warn(describeRefusal(failure));
    const forAll = failures.find(({ isForAll }) => isForAll);
    if (forAll) {
      failuresInRow = sent > 0 ? 1 : failuresInRow + 1;
      const waitMs = Math.max(backoffMs(waits, failuresInRow, random()), forAll.afterMs ?? 0);
      notBeforeMs = clock.monotonicMs() + waitMs;
      const count = await countAlerts(context.db);
      logger.warn(
        `low-stock alerts are not delivered: ${forAll.reason}; next attempt in ${seconds(waitMs)}; ${count} ${count === 1 ? 'alert waits' : 'alerts wait'}`,
      );
      return waitMs;
    }
    if (sent > 0 && failuresInRow > 0) logger.info('the webhook accepts low-stock alerts again');
    if (sent > 0) failuresInRow = 0;
    return sent + failures.length === 0 ? lookAgainMs : 0;
  };
}

function describeRefusal({ alert, reason, waitMs }: Failure): string {
  return `alert ${alert.id} for item ${alert.item_id} is not delivered: ${reason}; next attempt in ${seconds(waitMs)}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
