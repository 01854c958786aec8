import type { CustomerKey, SeenCustomer } from '../delivery.ts';
import type { CustomerSource, NoPage } from '../ports.ts';
import { fetchReadable } from './read-page.ts';

export type FoundNamed = { kind: 'found'; customers: Map<CustomerKey, SeenCustomer>; isPart: boolean } | NoPage;

/**
 * Looks for customers whose ids are text. A list with such ids has no order by id, so it is read from its beginning until
 * all are found. `isPart`: those who are missing may be in a part that cannot be read.
 */
export async function findNamed(source: CustomerSource, keys: string[]): Promise<FoundNamed> {
  const customers = new Map<CustomerKey, SeenCustomer>();
  const missing = new Set<CustomerKey>(keys);
  const visited = new Set<CustomerKey>();
  for (let after: CustomerKey = 0; ; ) {
    const page = await fetchReadable(source, after, { skipsBroken: false });
    if (page.kind !== 'page') return page;
    for (const customer of page.customers) {
      if (missing.delete(customer.id)) customers.set(customer.id, customer);
    }
    const next = page.lastListed ?? page.customers.at(-1)?.id;
    const isPart = page.extent === 'part';
    if (missing.size === 0 || page.extent || next === undefined || visited.has(next))
      return { kind: 'found', customers, isPart };
    visited.add(next);
    after = next;
  }
}
