import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery, Outcome } from '../delivery.ts';
import type { Idempotency } from '../ports.ts';
import type { Absence } from './look.ts';

type Means = Pick<MiddlewareContext, 'settling'>;
type Known = { absence: Absence; idempotency: Idempotency | undefined };

/**
 * What becomes of a delivery whose earlier post is in doubt, after a look-up that has not found its package. Undefined if
 * it can be posted: the Inventory refuses doubles for ever, or it has no package and the earlier post can create none any
 * more.
 */
export function judgeDoubt(
  { settling }: Means,
  { customerId, doubtAt }: ClaimedDelivery,
  { absence, idempotency }: Known,
): Outcome | undefined {
  if (doubtAt === undefined || idempotency === 'permanent') return undefined;
  const lost = `the answer to the post was lost at ${doubtAt.slice(0, 19).replace('T', ' ')}Z`;
  const waitMs = settling.remainingMs({ customerId, doubtAt });
  if (waitMs > 0) return { kind: 'unsettled', waitMs, reason: `${lost}, and it may still create a package` };
  if (absence === 'none') return undefined;
  if (absence === 'forbidden' || idempotency === undefined) {
    const why = absence === 'forbidden' ? 'refuses the look-up; set INVENTORY_TOKEN' : 'cannot be asked now';
    return { kind: 'retry', reason: `${lost}, and the Inventory ${why}`, inDoubt: false, whose: 'inventory' };
  }
  const todo = `look there for customer ${customerId}, then "replay ${customerId}" or "settle ${customerId} --package ID"`;
  return { kind: 'held', reason: `${lost} and this Inventory cannot be asked; ${todo}` };
}
