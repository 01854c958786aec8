import type { MiddlewareContext } from '../context.ts';
import type { SeenCustomer } from '../delivery.ts';
import { fetchReadable } from '../intake/read-page.ts';
import type { NoPage } from '../ports.ts';

/** What the CRM has shown of a customer, and when it was asked; `customer` is undefined if it has none of this id. */
type Reading = { kind: 'reading'; customer: SeenCustomer | undefined; at: string };

export type Reader = {
  /** `sinceMs`: a page that was asked for earlier, on the monotonic clock, is not good enough. */
  read(customerId: number, options: { sinceMs: number; isAlone: boolean }): Promise<Reading | NoPage>;
  /** How long the CRM is left alone after it could not be read; 0: it may be asked. */
  pauseMs(): number;
  /** A poll has read the CRM. */
  crmAnswered(): void;
  /** Nothing is under way: the pages are not needed any more. */
  forget(): void;
};

/** A customer that was read longer ago is read again before a post. */
export const readingAgeMaxMs = 60_000;
/** Limits memory, however long the CRM's list is. */
const customersMax = 50_000;
/** Whoever asks for one customer after another gets pages. */
const inARowMs = 5_000;
const firstPauseMs = 5_000;
const pauseMaxMs = 600_000;

type Page = { after: number; last: number; customers: Map<number, SeenCustomer>; at: string; readMs: number };

/**
 * Reads customers again, a page at a time, and keeps the last pages for a minute, so that a backlog does not cost a call
 * per customer. One call at a time: the next delivery may be on the page that is under way.
 */
export function createReader(context: Pick<MiddlewareContext, 'source' | 'clock'>): Reader {
  const { clock } = context;
  let pages: Page[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  let lastCallMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let failure: NoPage | undefined;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  function known(id: number, sinceMs: number): Reading | undefined {
    const oldestMs = Math.max(sinceMs, clock.monotonicMs() - readingAgeMaxMs);
    pages = pages.filter(({ readMs }) => readMs >= clock.monotonicMs() - readingAgeMaxMs);
    const page = pages.find(({ after, last, readMs }) => readMs >= oldestMs && id > after && id <= last);
    return page && { kind: 'reading', customer: page.customers.get(id), at: page.at };
  }

  async function call(id: number, isAlone: boolean): Promise<Page | NoPage> {
    const readMs = clock.monotonicMs();
    if (failure && readMs < notBeforeMs) return failure;
    const at = clock.now().toISOString();
    const isOne = isAlone && readMs - lastCallMs > inARowMs;
    lastCallMs = readMs;
    const page = await fetchReadable(context.source, id - 1, { skipsBroken: false, ...(isOne && { limit: 1 }) });
    if (page.kind === 'unavailable') return fail(page);
    failure = undefined;
    failures = 0;
    if (page.kind !== 'page') return page;
    const shown = page.customers.filter((customer) => customer.id >= id);
    const kept = shown.slice(0, customersMax);
    const isWhole = !page.more && kept.length === shown.length;
    const last = isWhole ? Number.POSITIVE_INFINITY : Math.max(id, kept.at(-1)?.id ?? 0);
    return { after: id - 1, last, customers: new Map(kept.map((one) => [one.id, one])), at, readMs };
  }

  function fail(page: NoPage): NoPage {
    failure = page;
    notBeforeMs = clock.monotonicMs() + Math.min(firstPauseMs * 2 ** failures, pauseMaxMs);
    failures += 1;
    return page;
  }

  function keep(page: Page) {
    pages.unshift(page);
    let count = 0;
    pages = pages.filter(({ customers }) => {
      count += customers.size;
      return count <= customersMax;
    });
  }

  async function ask(id: number, { sinceMs, isAlone }: { sinceMs: number; isAlone: boolean }) {
    const page = await call(id, isAlone);
    if ('kind' in page) return page;
    keep(page);
    return known(id, sinceMs) ?? { kind: 'reading' as const, customer: page.customers.get(id), at: page.at };
  }

  return {
    async read(id, options) {
      const reading = known(id, options.sinceMs);
      if (reading) return reading;
      const asked = turn.then(() => known(id, options.sinceMs) ?? ask(id, options));
      turn = asked.catch(() => undefined);
      return asked;
    },
    pauseMs: () => (failure ? Math.max(notBeforeMs - clock.monotonicMs(), 0) : 0),
    crmAnswered() {
      notBeforeMs = Number.NEGATIVE_INFINITY;
    },
    forget() {
      pages = [];
    },
  };
}
