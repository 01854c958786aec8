import { type ClaimedDelivery, departedReason, type Outcome, type SeenCustomer } from '../delivery.ts';
import { fetchReadable } from '../intake/read-page.ts';
import type { CustomerSource } from '../ports.ts';
import type { Attempted } from './attempt.ts';

/**
 * Reads stale deliveries' customers from the source again, a page for as many as it holds. Gives those that can go on,
 * and those that cannot, with what became of them.
 */
export async function refresh(
  source: CustomerSource,
  deliveries: ClaimedDelivery[],
): Promise<{ ready: ClaimedDelivery[]; ended: Attempted[] }> {
  const ready = deliveries.filter(({ stale }) => !stale);
  const ended: Attempted[] = [];
  let stale = deliveries.filter((delivery) => delivery.stale).sort((a, b) => a.customerId - b.customerId);
  while (stale[0]) {
    const first = stale[0].customerId;
    const page = await fetchReadable(source, first - 1, {
      skipsBroken: false,
      ...(stale.length === 1 && { limit: 1 }),
    });
    if (page.kind !== 'page') {
      const forEverybody = page.kind === 'unavailable';
      const outcome: Outcome = { kind: 'retry', reason: page.reason, inDoubt: true, forEverybody };
      const failed = stale.splice(0, page.kind === 'unreadable' ? 1 : stale.length);
      ended.push(...failed.map((delivery) => ({ delivery, outcome, untried: true as const })));
      continue;
    }
    const customers = new Map(page.customers.map((customer) => [customer.id, customer]));
    const last = page.more ? Math.max(first, page.customers.at(-1)?.id ?? 0) : Number.POSITIVE_INFINITY;
    for (const delivery of stale.filter(({ customerId }) => customerId <= last)) {
      const customer = customers.get(delivery.customerId);
      const reason = faultOf(customer);
      if (customer && !reason) ready.push({ ...delivery, customerName: customer.name, stale: false, waitsUsed: 0 });
      else ended.push({ delivery, outcome: { kind: 'rejected', reason: reason ?? '' }, untried: true });
    }
    stale = stale.filter(({ customerId }) => customerId > last);
  }
  return { ready, ended };
}

function faultOf(customer: SeenCustomer | undefined): string | undefined {
  return customer ? customer.fault : departedReason;
}
