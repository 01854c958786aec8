import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery, Outcome } from '../delivery.ts';
import type { Idempotency } from '../ports.ts';
import type { Absence } from './look.ts';

/** A delivery, and how long its post in doubt may still create its package: seen before the look-up, not after it. */
export type Doubtful = { delivery: ClaimedDelivery; unsettledMs: number };

export function askDoubt({ settling }: Pick<MiddlewareContext, 'settling'>, delivery: ClaimedDelivery): Doubtful {
  const { customerId, doubtAt } = delivery;
  return { delivery, unsettledMs: doubtAt === undefined ? 0 : settling.remainingMs({ customerId, doubtAt }) };
}

/** Whether the Inventory refuses a second package for these deliveries; undefined if it cannot be asked now. */
export async function askIdempotency(
  { target, names, settling }: Pick<MiddlewareContext, 'target' | 'names' | 'settling'>,
  deliveries: ClaimedDelivery[],
): Promise<Idempotency | undefined> {
  // an Inventory that refuses doubles does not take packages of two types for doubles
  const mayBeOfOtherType = ({ customerId, doubtAt }: ClaimedDelivery) =>
    names.hasEarlierType && doubtAt !== undefined && !settling.isOwn(customerId);
  return deliveries.some(mayBeOfOtherType) ? 'none' : target.idempotency();
}

type Known = { absence: Absence; idempotency: Idempotency | undefined };

/**
 * What becomes of a delivery whose earlier post is in doubt, after a look-up that has not found its package. Undefined if
 * it can be posted: the Inventory refuses doubles for ever, or it has no package and the earlier post could create none
 * any more.
 */
export function judgeDoubt({ delivery, unsettledMs }: Doubtful, { absence, idempotency }: Known): Outcome | undefined {
  const { customerId, doubtAt } = delivery;
  if (doubtAt === undefined || idempotency === 'permanent') return undefined;
  const lost = `the answer to the post was lost at ${doubtAt.slice(0, 19).replace('T', ' ')}Z`;
  if (unsettledMs > 0)
    return { kind: 'unsettled', waitMs: unsettledMs, reason: `${lost}, and it may still create a package` };
  if (absence === 'none') return undefined;
  if (absence === 'forbidden' || idempotency === undefined) {
    const why = absence === 'forbidden' ? 'refuses the look-up; set INVENTORY_TOKEN' : 'cannot be asked now';
    return { kind: 'retry', reason: `${lost}, and the Inventory ${why}`, inDoubt: false, whose: 'inventory' };
  }
  const todo = `look there for customer ${customerId}, then "replay ${customerId}" or "settle ${customerId} --package ID"`;
  return { kind: 'held', reason: `${lost} and this Inventory cannot be asked; ${todo}` };
}
