import type { Clock } from '@doorstep/kit/clock.ts';
import type { CustomerKey } from '../delivery.ts';
import type { CustomerPage, NoPage } from '../ports.ts';

const lookEveryMs = 60_000;

type Fetch = (after: CustomerKey) => Promise<CustomerPage | NoPage>;

/**
 * Goes on in a list with text ids, after the customer that was listed last. If that one was deleted, a CRM may answer
 * with an error or with an empty page, for ever. So at most once a minute the page that ended with it is read again, and
 * the list from its beginning if that page does not show it any more.
 */
export function createListedPlace(clock: Clock, fetch: Fetch) {
  /** Where the page that ended with the last customer was asked for. */
  let from: CustomerKey = 0;
  let seenMs = Number.NEGATIVE_INFINITY;

  async function lookAgain(last: CustomerKey): Promise<CustomerPage | NoPage> {
    const page = await fetch(from);
    const isThere = page.kind === 'page' && page.customers.some(({ id }) => id === last);
    if (isThere || from === 0) return page;
    from = 0;
    return fetch(from);
  }

  return {
    async fetchAfter(last: CustomerKey): Promise<CustomerPage | NoPage> {
      const page = await fetch(last);
      const nowMs = clock.monotonicMs();
      if (page.kind === 'page' && page.length > 0) {
        from = last;
        seenMs = nowMs;
        return page;
      }
      if (nowMs - seenMs < lookEveryMs) return page;
      seenMs = nowMs;
      return lookAgain(last);
    },
  };
}
