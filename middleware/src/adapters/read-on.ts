import { inIdOrder } from '../customer-key.ts';
import type { CustomerKey, SeenCustomer, UnusableEntry } from '../delivery.ts';
import type { CustomerPage, NoPage } from '../ports.ts';

type Fetch<Where> = (where: Where) => Promise<CustomerPage | NoPage>;
type Means = { follow: Fetch<string>; fetchNumbered: Fetch<number> };

/** Limits the calls of one poll. */
const pagesMax = 1000;
/** Limits memory: a list may hold any number of entries without a usable id. */
const unusableMax = 1000;
/** A longer list is no page of a CRM that counts its pages. */
const silentMax = 1000;
/** A CRM that shows one page and no sign of a second is asked for that one about once an hour, at a poll every 5 s. */
const askAgainAfter = 720;

/**
 * Reads the rest of a list from a CRM that ignores `after`: by the links to its next page, or by page numbers. If there
 * is neither a link nor a number, it asks for the second page, because such a CRM may hide customers without a sign.
 */
export function createReadOn({ follow, fetchNumbered }: Means) {
  let whole = { length: -1, asked: 0 };

  return async (first: CustomerPage): Promise<CustomerPage | NoPage> => {
    const isSilent = !first.paging?.saysMore;
    const isKnown = whole.length === first.length && whole.asked < askAgainAfter;
    if (isSilent && (isKnown || first.length > silentMax)) {
      whole.asked += 1;
      return first;
    }
    const list = createList(first);
    let last = first;
    for (let count = 1; count < pagesMax && !list.isRead(); count += 1) {
      const link = last.paging?.next;
      const page = await (link === undefined ? fetchNumbered((first.paging?.number ?? 1) + count) : follow(link));
      // a CRM may fail on a page number that it does not know
      if (page.kind === 'unreadable' && isSilent) break;
      if (page.kind !== 'page') return page;
      list.add(page);
      last = page;
    }
    whole = { length: list.isGrown() ? -1 : first.length, asked: 0 };
    return list.together();
  };
}

function createList(first: CustomerPage) {
  const customers = new Map<CustomerKey, SeenCustomer>(first.customers.map((customer) => [customer.id, customer]));
  const unusable = new Map<string, UnusableEntry>(first.unusable.map((entry) => [entry.entry, entry]));
  const isSilent = !first.paging?.saysMore;
  const { total } = first;
  let { length } = first;
  let isRead = false;

  return {
    /** A CRM that ignores page numbers repeats its first page, which ends the list. */
    add(page: CustomerPage) {
      const before = customers.size + unusable.size;
      for (const customer of page.customers) customers.set(customer.id, customer);
      for (const entry of page.unusable) if (unusable.size < unusableMax) unusable.set(entry.entry, entry);
      const isNew = customers.size + unusable.size > before;
      if (isNew) length += page.length;
      isRead = !isNew || length >= (total ?? Number.POSITIVE_INFINITY) || (!isSilent && !page.paging?.saysMore);
    },
    isRead: () => isRead,
    isGrown: () => length > first.length,
    /** One page with everyone; `saysMore` if the list is longer than what could be read. */
    together(): CustomerPage {
      if (length === first.length) return first;
      const isShort = !isRead || (total !== undefined && total > length);
      return {
        ...first,
        customers: inIdOrder([...customers.values()]),
        unusable: [...unusable.values()],
        length,
        more: isShort,
        paging: { saysMore: isShort, next: undefined, number: undefined },
      };
    },
  };
}
