import type { CustomerPage, CustomerSource, NoPage } from '../ports.ts';

/** Ids may have gaps; one wider than this hides the broken entry behind it from us. */
const gapMax = 100;

/**
 * The page after the cursor. Where it is broken though the CRM is well, smaller pages are tried, and a customer whose
 * page is broken all by itself comes as one that no package can be requested for: nobody else is held up by it.
 */
export async function fetchReadable(source: CustomerSource, cursor: number): Promise<CustomerPage | NoPage> {
  const whole = await source.fetchPage(cursor);
  if (whole.kind !== 'unreadable') return whole;
  // a CRM that cannot show even its empty end is ill as a whole
  const end = await source.fetchPage(Number.MAX_SAFE_INTEGER, 1);
  if (end.kind !== 'page' || end.customers.length > 0) return whole;
  for (let limit = Math.floor(source.pageSize / 2); limit >= 1; limit = Math.floor(limit / 2)) {
    const page = await source.fetchPage(cursor, limit);
    if (page.kind !== 'unreadable') return page.kind === 'page' ? { ...page, more: true } : page;
  }
  return (await skipBroken(source, cursor, whole.reason)) ?? whole;
}

/** The next customer's page is broken. While the page after an id is, no id between the cursor and it can be read. */
async function skipBroken(source: CustomerSource, cursor: number, reason: string): Promise<CustomerPage | undefined> {
  for (let id = cursor + 1; id <= cursor + gapMax; id += 1) {
    const page = await source.fetchPage(id, 1);
    if (page.kind === 'unavailable') return undefined;
    if (page.kind === 'page') {
      const fault = `the CRM cannot show this customer: ${reason}`;
      return { kind: 'page', customers: [{ id, name: '', createdAt: undefined, fault }], more: true, unusable: [] };
    }
  }
  return undefined;
}
