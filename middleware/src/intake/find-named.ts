import { isText } from '../customer-key.ts';
import type { CustomerKey, SeenCustomer } from '../delivery.ts';
import type { CustomerSource, NoPage } from '../ports.ts';
import { fetchReadable } from './read-page.ts';

export type NamedList = {
  kind: 'list';
  /** Text ids, the newest ones that were seen. */
  customers: Map<CustomerKey, SeenCustomer>;
  /** Where to go on; undefined at the end. */
  next: CustomerKey | undefined;
  /** Only of a list that was read from its beginning to its end in one go: whether that is all there is. */
  extent: 'whole' | 'part' | undefined;
  /** There were more than fit. */
  isCut: boolean;
};

/** Limits memory, however long the CRM's list is. */
const customersMax = 50_000;

/**
 * Looks for a customer whose id is text. A list with such ids has no order by id, so it is read from its beginning, or
 * from where an earlier search has ended, until the customer is found. Gives all text ids that were seen on the way.
 */
export async function findNamed(source: CustomerSource, key: string, begun?: NamedList): Promise<NamedList | NoPage> {
  const customers = new Map(begun?.customers);
  const visited = new Set<CustomerKey>();
  let isCut = begun?.isCut ?? false;
  for (let after: CustomerKey = begun?.next ?? 0; ; ) {
    const page = await fetchReadable(source, after, { skipsBroken: false });
    if (page.kind !== 'page') return page;
    for (const customer of page.customers) if (isText(customer.id)) customers.set(customer.id, customer);
    isCut = forgetFirst(customers, key) || isCut;
    const last: CustomerKey | undefined = page.lastListed ?? page.customers.at(-1)?.id;
    const isEnd = page.extent !== undefined || last === undefined || visited.has(last);
    const next = isEnd ? undefined : last;
    const extent = isEnd && !begun ? (page.extent ?? 'whole') : undefined;
    if (next === undefined || customers.has(key)) return { kind: 'list', customers, next, extent, isCut };
    visited.add(next);
    after = next;
  }
}

/** Customers are mostly looked for in the order of the list. */
function forgetFirst(customers: Map<CustomerKey, SeenCustomer>, butFor: string): boolean {
  const isTooMany = customers.size > customersMax;
  for (const id of customers.keys()) {
    if (customers.size <= customersMax) break;
    if (id !== butFor) customers.delete(id);
  }
  return isTooMany;
}

type Found = { kind: 'read'; customer: SeenCustomer | undefined; isPart: boolean };

/** Reads one customer from the CRM. `isPart`: one that is missing may be in a part of the list that cannot be read. */
export async function findCustomer(source: CustomerSource, key: CustomerKey): Promise<Found | NoPage> {
  if (isText(key)) {
    const list = await findNamed(source, key);
    return list.kind === 'list'
      ? { kind: 'read', customer: list.customers.get(key), isPart: list.extent === 'part' }
      : list;
  }
  const page = await fetchReadable(source, key - 1, { skipsBroken: false, isSought: true, limit: 1 });
  if (page.kind !== 'page') return page;
  return { kind: 'read', customer: page.customers.find(({ id }) => id === key), isPart: page.extent === 'part' };
}
