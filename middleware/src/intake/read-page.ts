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
};

/**
 * The page after the cursor; smaller pages are tried if it is broken although the CRM is healthy. A broken range can be
 * skipped once a customer behind it is readable: each id in it is returned with a fault, so that none is skipped
 * silently.
 */
export async function fetchReadable(
  source: CustomerSource,
  cursor: number,
  { skipsBroken, isUndivided = false, limit: limitMax = source.pageSize }: Options,
): Promise<CustomerPage | NoPage> {
  const whole = await source.fetchPage(cursor, limitMax);
  if (whole.kind === 'page') return (await isPartOfAll(source, cursor, whole, limitMax)) ? partOfAll : whole;
  if (whole.kind === 'unavailable' || isUndivided) return whole;
  // a CRM that cannot even show its empty end is broken as a whole
  const end = await source.fetchPage(Number.MAX_SAFE_INTEGER, 1);
  if (end.kind !== 'page' || end.customers.length > 0) return whole;
  for (let limit = Math.floor(limitMax / 2); limit >= 1; limit = Math.floor(limit / 2)) {
    const page = await source.fetchPage(cursor, limit);
    if (page.kind !== 'unreadable') return page.kind === 'page' ? { ...page, more: true } : page;
  }
  return (skipsBroken && (await skipBroken(source, cursor, whole.reason))) || whole;
}

const partOfAll: NoPage = {
  kind: 'unavailable',
  reason: 'CRM limits its list but ignores `after`, so the other customers cannot be read',
};

/**
 * The CRM repeats customers behind the cursor, and no more than were asked for: the rest of its list is out of reach.
 */
async function isPartOfAll(source: CustomerSource, cursor: number, page: CustomerPage, limit: number) {
  const isRepeated = page.customers.some(({ id }) => id <= cursor);
  if (!isRepeated || page.length > limit) return false;
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
    return { kind: 'page', customers, more: true, length: customers.length, unusable: [] };
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
