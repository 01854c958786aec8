import { isNumber, isText } from '../customer-key.ts';
import type { CustomerKey } from '../delivery.ts';
import type { CustomerPage, CustomerSource, NoPage } from '../ports.ts';

/** Ids may have gaps; a broken range wider than this blocks the customers behind it. */
const brokenMax = 100;

type Options = {
  /** Whether to skip customers that the CRM cannot show, instead of waiting for them. */
  skipsBroken: boolean;
  /** Whether a broken page is left alone, and no smaller one is tried. */
  isUndivided?: boolean;
  /** How many to ask for; default: a page. */
  limit?: number;
  /** Whether the customer right behind the cursor is looked for: one that is missing may be on a page out of reach. */
  isSought?: boolean;
};

/**
 * The page after the cursor; smaller pages are tried if it is broken although the CRM is healthy. A broken range can be
 * skipped once a customer behind it is readable: each id in it is returned with a fault, so that none is skipped
 * silently.
 */
export async function fetchReadable(
  source: CustomerSource,
  cursor: CustomerKey,
  { skipsBroken, isUndivided = false, limit: limitMax = source.pageSize, isSought = false }: Options,
): Promise<CustomerPage | NoPage> {
  // two show the order of the list, in which others may come before the one that is sought
  const asked = isSought ? Math.max(limitMax, 2) : limitMax;
  const whole = await source.fetchPage(cursor, asked);
  if (whole.kind === 'page') {
    const page = await readExtent(source, { cursor, limit: asked }, whole);
    const isMissing =
      isSought &&
      page.kind === 'page' &&
      isNumber(cursor) &&
      page.customers.every(({ id }) => isText(id) || id > cursor + 1);
    return isMissing ? seekBeyond(source, page) : page;
  }
  // without an order by id, nobody can tell which customers the broken page has
  if (whole.kind === 'unavailable' || isUndivided || isText(cursor)) return whole;
  // a CRM that cannot even show its empty end is broken as a whole
  const end = await source.fetchPage(Number.MAX_SAFE_INTEGER, 1);
  if (end.kind !== 'page' || end.customers.length > 0) return whole;
  for (let limit = Math.floor(asked / 2); limit >= 1; limit = Math.floor(limit / 2)) {
    const page = await source.fetchPage(cursor, limit);
    if (page.kind !== 'unreadable') return page.kind === 'page' ? { ...page, more: true } : page;
  }
  return (skipsBroken && (await skipBroken(source, cursor, whole.reason))) || whole;
}

/**
 * A source that repeats customers behind the cursor ignores `after`, and one that lists the newest first has others
 * between the cursor and those: both are read on in another way if they have one.
 */
async function readExtent(
  source: CustomerSource,
  { cursor, limit }: { cursor: CustomerKey; limit: number },
  page: CustomerPage,
): Promise<CustomerPage | NoPage> {
  const isRepeated = page.customers.some(({ id }) => id === cursor || (isNumber(id) && id <= Number(cursor)));
  if (!isRepeated && !page.isOutOfOrder) return page;
  // the pages have another size if another limit was asked for
  const first = limit === source.pageSize ? page : await source.fetchPage(cursor);
  if (first.kind !== 'page') return first;
  const read = (await source.fetchRest?.(first)) ?? first;
  if (read.kind !== 'page') return read;
  const isPart = read.paging?.saysMore || (read === first && (await isCut(source, cursor, first)));
  return { ...read, extent: isPart ? 'part' : 'whole' };
}

/** The customers of a source that ignores `after` may all have ids behind the cursor, but they repeat behind the last. */
async function seekBeyond(source: CustomerSource, page: CustomerPage): Promise<CustomerPage | NoPage> {
  const last = page.customers.at(-1)?.id;
  if (last === undefined) return page;
  const beyond = await source.fetchPage(last, 1);
  if (beyond.kind !== 'page') return beyond.kind === 'unavailable' ? beyond : page;
  const read = await readExtent(source, { cursor: last, limit: 1 }, beyond);
  return read.kind === 'page' && !read.extent ? page : read;
}

/** The source repeats no more customers than were asked for, so the rest of its list may be out of reach. */
async function isCut(source: CustomerSource, cursor: CustomerKey, page: CustomerPage) {
  const limit = source.pageSize;
  if (page.length > limit) return false;
  if (page.length < limit) return page.more;
  const one = await source.fetchPage(cursor, limit === 1 ? 2 : 1);
  return one.kind === 'page' && one.length !== page.length;
}

/** Why there is nothing to post for a customer that the CRM fails on. */
export function unreadableFault(reason: string): string {
  return `the CRM cannot show this customer, or has none of this id: ${reason}`;
}

async function skipBroken(source: CustomerSource, cursor: number, reason: string): Promise<CustomerPage | undefined> {
  for (let last = cursor + 1; last <= cursor + brokenMax; last += 1) {
    const page = await source.fetchPage(last, 1);
    if (page.kind === 'unavailable') return undefined;
    if (page.kind !== 'page') continue;
    // at the end of the list the broken range blocks no customer, and may be readable before it does
    if (page.customers.length === 0) return undefined;
    const ids = Array.from({ length: last - cursor }, (_, index) => cursor + 1 + index);
    if (!(await areStillBroken(source, ids))) return undefined;
    const fault = unreadableFault(reason);
    const customers = ids.map((id) => ({ id, name: '', createdAt: undefined, fault }));
    return { kind: 'page', customers, more: true, length: customers.length, unusable: [], total: undefined };
  }
  return undefined;
}

/** The CRM may have recovered while the end of the broken range was searched. */
async function areStillBroken(source: CustomerSource, ids: number[]): Promise<boolean> {
  for (const id of ids) {
    const page = await source.fetchPage(id - 1, 1);
    if (page.kind !== 'unreadable') return false;
  }
  return true;
}
