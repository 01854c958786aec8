import type { Attempted } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import { type Bears, type ClaimedDelivery, departedReason, type PackageId } from '../delivery.ts';
import { findCustomer } from '../intake/find-named.ts';
import { isSameName } from '../same-name.ts';
import { outOfReach } from './reading.ts';

/**
 * Another CRM may have given the same id to another person, whose package the Inventory then shows. A package that
 * existed before counts only if it bears a name that the customer has or had: the one in the ledger, the one of the
 * post, or the one in the CRM now. Otherwise the delivery is held.
 */
export async function keepOwn(
  { source }: Pick<MiddlewareContext, 'source'>,
  claimed: ClaimedDelivery[],
  attempted: Attempted[],
): Promise<Attempted[]> {
  const recorded = new Map(claimed.map(({ customerId, customerName }) => [customerId, customerName]));
  const kept: Attempted[] = [];
  for (const one of attempted) {
    const { customerName, customerId } = one.delivery;
    const other = bearsOther(one, [customerName, recorded.get(customerId) ?? '']);
    kept.push(other ? await judge(source, one, other) : one);
  }
  return kept;
}

type Other = { packageId: PackageId; name: string };

/** The package, if it bears none of these names and is not the one that the ledger knows already. */
function bearsOther({ delivery, outcome }: Attempted, names: string[]): Other | undefined {
  if (outcome.kind !== 'delivered' || outcome.packageId === delivery.packageId) return undefined;
  const { name }: Partial<Bears> = outcome.bears ?? {};
  if (name === undefined || names.some((known) => known !== '' && isSameName(known, name))) return undefined;
  return { packageId: outcome.packageId, name };
}

/** The customer may have been renamed since the ledger saw it. */
async function judge(
  source: MiddlewareContext['source'],
  attempted: Attempted,
  { packageId, name }: Other,
): Promise<Attempted> {
  const { delivery } = attempted;
  const { customerId } = delivery;
  const retry = (reason: string): Attempted => {
    return { delivery, endedAt: 'read', outcome: { kind: 'retry', reason, inDoubt: false, whose: 'crm' } };
  };
  const page = await findCustomer(source, customerId);
  if (page.kind !== 'read') return retry(page.reason);
  const { customer } = page;
  if (!customer && page.isPart) return retry(outOfReach.reason);
  if (!customer) return { delivery, endedAt: 'read', outcome: { kind: 'rejected', reason: departedReason } };
  if (customer.name !== '' && isSameName(customer.name, name)) return attempted;
  const { status } = attempted.outcome;
  const reason = `the Inventory has package ${packageId} for customer ${customerId} under another name (${name}); if these are customers of another CRM, set SOURCE_NAME; if it is the same person, settle ${customerId} --package ${packageId}`;
  return { ...attempted, outcome: { kind: 'held', reason, ...(status !== undefined && { status }) } };
}
