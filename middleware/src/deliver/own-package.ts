import type { Attempted } from '../attempted.ts';
import { type Bears, type ClaimedDelivery, departedReason, type PackageId } from '../delivery.ts';
import { isSameName } from '../same-name.ts';
import { unable } from './read-again.ts';
import type { Reader } from './reader.ts';

/**
 * Another CRM may have given the same id to another person, whose package the Inventory then shows. A package that
 * existed before counts only if it bears a name that the customer has or had: the one in the ledger, the one of the
 * post, or the one in the CRM now. Otherwise the delivery is held.
 */
export async function keepOwn(
  { reader, startMs }: Means,
  claimed: ClaimedDelivery[],
  attempted: Attempted[],
): Promise<Attempted[]> {
  const recorded = new Map(claimed.map(({ customerId, customerName }) => [customerId, customerName]));
  const kept: Attempted[] = [];
  for (const one of attempted) {
    const { customerName, customerId } = one.delivery;
    const other = bearsOther(one, [customerName, recorded.get(customerId) ?? '']);
    if (!other) kept.push(one);
    else {
      const reading = await reader.read(customerId, { sinceMs: startMs, isAlone: claimed.length === 1 });
      kept.push(judge(one, other, reading));
    }
  }
  return kept;
}

/** `startMs`: when the attempt began, on the monotonic clock. */
type Means = { reader: Reader; startMs: number };
type Other = { packageId: PackageId; name: string };

/** The package, if it bears none of these names and is not the one that the ledger knows already. */
function bearsOther({ delivery, outcome }: Attempted, names: string[]): Other | undefined {
  if (outcome.kind !== 'delivered' || outcome.packageId === delivery.packageId) return undefined;
  const { name }: Partial<Bears> = outcome.bears ?? {};
  if (name === undefined || names.some((known) => known !== '' && isSameName(known, name))) return undefined;
  return { packageId: outcome.packageId, name };
}

/** The customer may have been renamed since the ledger saw it. */
function judge(
  attempted: Attempted,
  { packageId, name }: Other,
  reading: Awaited<ReturnType<Reader['read']>>,
): Attempted {
  const { delivery } = attempted;
  const { customerId } = delivery;
  const { status } = attempted.outcome;
  const reason = `the Inventory has package ${packageId} for customer ${customerId} under another name (${name}); if these are customers of another CRM, set SOURCE_NAME; if it is the same person, settle ${customerId} --package ${packageId}`;
  const held: Attempted = { ...attempted, outcome: { kind: 'held', reason, ...(status !== undefined && { status }) } };
  // a CRM that shows only a part of its list will not show the customer later either
  if (reading.kind === 'out of reach') return held;
  if (reading.kind !== 'reading') return { delivery, endedAt: 'read', outcome: unable(reading) };
  const { customer } = reading;
  if (!customer) return { delivery, endedAt: 'read', outcome: { kind: 'rejected', reason: departedReason } };
  return customer.name !== '' && isSameName(customer.name, name) ? attempted : held;
}
