import { isText } from '../customer-key.ts';
import type { CustomerKey, SeenCustomer } from '../delivery.ts';
import type { CustomerSource, NoPage } from '../ports.ts';
import { fetchReadable } from './read-page.ts';

/** `isWhole`: a customer who is missing does not exist; otherwise the list was not read to its end, or cannot be. */
export type NamedList = { kind: 'list'; customers: Map<CustomerKey, SeenCustomer>; isWhole: boolean };

/** Limits memory, however long the CRM's list is. */
const customersMax = 50_000;

/**
 * Looks for a customer whose id is text. A list with such ids has no order by id, so it is read from its beginning until
 * the customer is found. Gives all text ids that were seen on the way.
 */
export async function findNamed(source: CustomerSource, key: string): Promise<NamedList | NoPage> {
  const customers = new Map<CustomerKey, SeenCustomer>();
  const visited = new Set<CustomerKey>();
  let isComplete = true;
  for (let after: CustomerKey = 0; ; ) {
    const page = await fetchReadable(source, after, { skipsBroken: false });
    if (page.kind !== 'page') return page;
    for (const customer of page.customers) {
      if (!isText(customer.id)) continue;
      if (customers.size < customersMax || customer.id === key) customers.set(customer.id, customer);
      else isComplete = false;
    }
    if (customers.has(key)) return { kind: 'list', customers, isWhole: page.extent === 'whole' && isComplete };
    const next = page.lastListed ?? page.customers.at(-1)?.id;
    const isEnd = page.extent !== undefined || next === undefined || visited.has(next);
    if (isEnd) return { kind: 'list', customers, isWhole: page.extent !== 'part' && isComplete };
    visited.add(next as CustomerKey);
    after = next as CustomerKey;
  }
}

type Found = { kind: 'read'; customer: SeenCustomer | undefined; isPart: boolean };

/** Reads one customer from the CRM. `isPart`: one that is missing may be in a part of the list that cannot be read. */
export async function findCustomer(source: CustomerSource, key: CustomerKey): Promise<Found | NoPage> {
  if (isText(key)) {
    const list = await findNamed(source, key);
    return list.kind === 'list' ? { kind: 'read', customer: list.customers.get(key), isPart: !list.isWhole } : list;
  }
  const page = await fetchReadable(source, key - 1, { skipsBroken: false, isSought: true, limit: 1 });
  if (page.kind !== 'page') return page;
  return { kind: 'read', customer: page.customers.find(({ id }) => id === key), isPart: page.extent === 'part' };
}
