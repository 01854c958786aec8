import type { CustomerPage, CustomerSource, NoPage } from '../ports.ts';

/** Ids may have gaps; a broken stretch wider than this holds up those behind it. */
const brokenMax = 100;

type Options = {
  /** Whether to go past customers that the CRM cannot show; otherwise they are waited for. */
  skipsBroken: boolean;
  /** How many to ask for; a page unless told otherwise. */
  limit?: number;
};

/**
 * The page after the cursor. Where it is broken though the CRM is well, smaller pages are tried. What is broken all by
 * itself can be skipped once a customer behind it can be read: every id up to there comes as one that no package can be
 * requested for, even one that perhaps nobody has, so that nobody is passed over without a word.
 */
export async function fetchReadable(
  source: CustomerSource,
  cursor: number,
  { skipsBroken, limit: limitMax = source.pageSize }: Options,
): Promise<CustomerPage | NoPage> {
  const whole = await source.fetchPage(cursor, limitMax);
  if (whole.kind === 'page') return (await isPartOfAll(source, cursor, whole, limitMax)) ? partOfAll : whole;
  if (whole.kind === 'unavailable') return whole;
  // a CRM that cannot show even its empty end is ill as a whole
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
  reason: 'CRM shows a part of its customers and takes no `after`, so the others cannot be read',
};

/** What is behind the cursor is shown again, and no more than was asked for: the rest of the list is out of reach. */
async function isPartOfAll(source: CustomerSource, cursor: number, page: CustomerPage, limit: number) {
  const isRepeated = page.customers.some(({ id }) => id <= cursor);
  if (!isRepeated || page.length > limit) return false;
  if (page.length < limit) return page.more;
  const one = await source.fetchPage(cursor, limit === 1 ? 2 : 1);
  return one.kind === 'page' && one.length !== page.length;
}

async function skipBroken(source: CustomerSource, cursor: number, reason: string): Promise<CustomerPage | undefined> {
  for (let last = cursor + 1; last <= cursor + brokenMax; last += 1) {
    const page = await source.fetchPage(last, 1);
    if (page.kind === 'unavailable') return undefined;
    if (page.kind !== 'page') continue;
    // at the end of the list nobody is held up, and what is broken may be well again before somebody is
    if (page.customers.length === 0) return undefined;
    const ids = Array.from({ length: last - cursor }, (_, index) => cursor + 1 + index);
    if (!(await areStillBroken(source, ids))) return undefined;
    const fault = `the CRM cannot show this customer, or has none of this id: ${reason}`;
    const customers = ids.map((id) => ({ id, name: '', createdAt: undefined, fault }));
    return { kind: 'page', customers, more: true, length: customers.length, unusable: [] };
  }
  return undefined;
}

/** The CRM may have become well while the end of the broken stretch was looked for. */
async function areStillBroken(source: CustomerSource, ids: number[]): Promise<boolean> {
  for (const id of ids) {
    const page = await source.fetchPage(id - 1, 1);
    if (page.kind !== 'unreadable') return false;
  }
  return true;
}
