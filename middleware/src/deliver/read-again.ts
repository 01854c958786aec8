import type { Attempted } from '../attempted.ts';
import { hasNumber, isNumber, isText } from '../customer-key.ts';
import { type ClaimedDelivery, departedReason, type Outcome, type SeenCustomer } from '../delivery.ts';
import { findNamed } from '../intake/find-named.ts';
import { fetchReadable } from '../intake/read-page.ts';
import { readAgain } from '../life-cycle.ts';
import type { CustomerSource } from '../ports.ts';

/**
 * Reads customers from the CRM again if their deliveries ask for it, a whole page at a time. Gives the deliveries that
 * can go on, and those that cannot, each with the reason.
 */
export async function readCustomersAgain(
  source: CustomerSource,
  deliveries: ClaimedDelivery[],
): Promise<{ ready: ClaimedDelivery[]; ended: Attempted[] }> {
  const ready = deliveries.filter((delivery) => !isUnread(delivery));
  const ended: Attempted[] = [];
  const named = await readNamedAgain(
    source,
    deliveries.filter((delivery) => isUnread(delivery) && isText(delivery.customerId)),
  );
  ready.push(...named.ready);
  ended.push(...named.ended);
  let unread = deliveries
    .filter(isUnread)
    .filter(isNumbered)
    .sort((a, b) => a.customerId - b.customerId);
  while (unread[0]) {
    const first = unread[0].customerId;
    const page = await fetchReadable(source, first - 1, {
      skipsBroken: false,
      isSought: true,
      ...(unread.length === 1 && { limit: 1 }),
    });
    if (page.kind !== 'page') {
      const whose = page.kind === 'unavailable' ? 'crm' : 'customer';
      const failed = unread.splice(0, whose === 'customer' ? 1 : unread.length);
      const outcome: Outcome = { kind: 'retry', reason: page.reason, inDoubt: true, whose };
      ended.push(...failed.map((delivery) => ({ delivery, outcome, endedAt: 'read' as const })));
      continue;
    }
    const customers = new Map(page.customers.map((customer) => [customer.id, customer]));
    const isPart = page.extent === 'part';
    const last =
      page.more && !isPart
        ? Math.max(first, page.customers.filter(hasNumber).at(-1)?.id ?? 0)
        : Number.POSITIVE_INFINITY;
    for (const delivery of unread.filter(({ customerId }) => customerId <= last)) {
      const customer = customers.get(delivery.customerId);
      const reason = faultOf(customer);
      if (customer && !reason) ready.push(readAgain(delivery, customer));
      // a customer that is missing from a part of the list may be in the other part
      else if (!customer && isPart) ended.push({ delivery, outcome: outOfReach, endedAt: 'read' });
      else ended.push({ delivery, outcome: { kind: 'rejected', reason: reason ?? '' }, endedAt: 'read' });
    }
    unread = unread.filter(({ customerId }) => customerId > last);
  }
  return { ready, ended };
}

async function readNamedAgain(source: CustomerSource, deliveries: ClaimedDelivery[]) {
  const ready: ClaimedDelivery[] = [];
  const ended: Attempted[] = [];
  if (deliveries.length === 0) return { ready, ended };
  const found = await findNamed(
    source,
    deliveries.map(({ customerId }) => String(customerId)),
  );
  for (const delivery of deliveries) {
    const customer = found.kind === 'found' ? found.customers.get(delivery.customerId) : undefined;
    const reason = faultOf(customer);
    if (found.kind !== 'found') {
      const outcome: Outcome = { kind: 'retry', reason: found.reason, inDoubt: true, whose: 'crm' };
      ended.push({ delivery, outcome, endedAt: 'read' });
    } else if (customer && !reason) ready.push(readAgain(delivery, customer));
    else if (!customer && found.isPart) ended.push({ delivery, outcome: outOfReach, endedAt: 'read' });
    else ended.push({ delivery, outcome: { kind: 'rejected', reason: reason ?? '' }, endedAt: 'read' });
  }
  return { ready, ended };
}

function isNumbered(delivery: ClaimedDelivery): delivery is ClaimedDelivery & { customerId: number } {
  return isNumber(delivery.customerId);
}

const outOfReach: Outcome = {
  kind: 'retry',
  reason: 'the CRM shows only a part of its list, without this customer',
  inDoubt: true,
  whose: 'crm',
};

function isUnread({ beforePost }: ClaimedDelivery): boolean {
  return beforePost === 'read and look';
}

function faultOf(customer: SeenCustomer | undefined): string | undefined {
  return customer ? customer.fault : departedReason;
}
