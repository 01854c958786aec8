import { hasNumber } from '../customer-key.ts';
import type { CustomerSource, NoPage } from '../ports.ts';

/**
 * The highest id of a customer from `above` to `upTo`, by bisection: a call for each doubling, however many customers there
 * are. Gives `above` if there is none.
 */
export async function findHighest(
  source: CustomerSource,
  { above, upTo }: { above: number; upTo: number },
): Promise<number | NoPage> {
  const end = await source.fetchPage(upTo, 1);
  if (end.kind !== 'page') return end;
  let low = above;
  let high = upTo;
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    const page = await source.fetchPage(middle - 1, 1);
    if (page.kind === 'unavailable') return page;
    // an unreadable page holds a customer that the CRM fails on
    const ids = page.kind === 'page' ? page.customers.filter(hasNumber).map(({ id }) => id) : [middle];
    const last = ids.filter((id) => id >= middle && id <= upTo).at(-1);
    if (last === undefined) high = middle - 1;
    else low = last;
  }
  return low;
}
