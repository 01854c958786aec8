import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { Finished } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';

/** Logs and counts an ended attempt. */
export function observe(context: MiddlewareContext, finished: Finished): void {
  const { logger, metrics, waitsMs } = context;
  const { delivery, outcome, decision, durationMs } = finished;
  const { customerId, customerName } = delivery;
  const attempts = delivery.attempts + 1;
  const fields = { customerId, attempts, status: outcome.status, durationMs };
  metrics.outcomes.inc({ outcome: decision.state });
  metrics.attempts.inc({ status: outcome.status ?? 'none' });
  metrics.duration.observe(durationMs / 1000);
  const who = customerName === '' ? `customer ${customerId}` : `customer ${customerId} (${customerName})`;
  if (decision.state === 'delivered') {
    const { packageId } = decision;
    const how = outcome.kind === 'delivered' && outcome.existed ? 'was there already' : 'created';
    logger.info(`package ${packageId} for ${who} ${how} in ${durationMs} ms`, { ...fields, packageId });
    observeWholeWay(context, delivery.customerCreatedAt);
  } else if (decision.state === 'pending') {
    // the pause is logged once, not once for each customer
    logger.debug(`no package for ${who} yet: ${decision.reason}; it waits for a resume`, fields);
  } else if (decision.state !== 'retrying') {
    logger.error(`no package for ${who}, ${decision.state}: ${decision.reason}`, fields);
  } else if (decision.waitsFor === 'breaker') {
    // the breaker is logged once, not once for each customer
    logger.debug(`no package for ${who} yet: ${decision.reason}; it waits for the breaker`, fields);
  } else {
    const isOfSchedule = decision.waitsUsed > delivery.waitsUsed;
    const nth = isOfSchedule ? `attempt ${decision.waitsUsed + 1} of ${waitsMs.length + 1}` : 'again';
    const wait = formatDuration(decision.waitMs);
    const next = decision.waitsFor === 'record' ? `the CRM is read again in ${wait}, ${nth}` : `${nth} in ${wait}`;
    logger.warn(`no package for ${who} yet: ${decision.reason}; ${next}`, fields);
  }
}

function observeWholeWay({ metrics, clock }: MiddlewareContext, customerCreatedAt: string | undefined): void {
  if (!customerCreatedAt) return;
  const waitedMs = clock.now().getTime() - Date.parse(customerCreatedAt);
  metrics.customerToPackage.observe(Math.max(0, waitedMs) / 1000);
}
