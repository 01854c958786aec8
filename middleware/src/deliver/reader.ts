import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isText } from '../customer-key.ts';
import type { CustomerKey, SeenCustomer } from '../delivery.ts';
import { outOfReach } from '../intake/find-named.ts';
import { fetchReadable } from '../intake/read-page.ts';
import type { CustomerPage, NoPage } from '../ports.ts';
import { createNamedReader } from './named-reader.ts';
import { type Reading, readingAgeMaxMs } from './reading.ts';
import { createReadingPause } from './reading-pause.ts';

export type Reader = {
  /** `sinceMs`: a page that was asked for earlier, on the monotonic clock, is not good enough. */
  read(customerId: CustomerKey, options: { sinceMs: number; isAlone: boolean }): Promise<Reading | NoPage>;
  /** How long the CRM is left alone after it could not be read; 0: it may be asked. */
  pauseMs(): number;
  /** A poll has read the CRM. */
  crmAnswered(): void;
  /** Nothing is under way: the pages are not needed any more. */
  forget(): void;
};

/** Limits memory, however long the CRM's list is. */
const customersMax = 50_000;
/** Whoever asks for one customer after another gets pages. */
const inARowMs = 5_000;

type Numbered = SeenCustomer & { id: number };
type Page = { after: number; last: number; customers: Map<number, SeenCustomer>; at: string; readMs: number };

/**
 * Reads customers again, a page at a time, and keeps the last pages for a minute, so that a backlog does not cost a call
 * per customer. One call at a time: the next delivery may be on the page that is under way.
 */
export function createReader(context: Pick<MiddlewareContext, 'source' | 'clock'>): Reader {
  const { clock } = context;
  const pause = createReadingPause(clock);
  const named = createNamedReader(context, pause);
  let pages: Page[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  let lastCallMs = Number.NEGATIVE_INFINITY;

  function known(id: number, sinceMs: number): Reading | undefined {
    const oldestMs = Math.max(sinceMs, clock.monotonicMs() - readingAgeMaxMs);
    pages = pages.filter(({ readMs }) => readMs >= clock.monotonicMs() - readingAgeMaxMs);
    const page = pages.find(({ after, last, readMs }) => readMs >= oldestMs && id > after && id <= last);
    return page && { kind: 'reading', customer: page.customers.get(id), at: page.at };
  }

  async function call(id: number, isAlone: boolean): Promise<Page | NoPage> {
    const readMs = clock.monotonicMs();
    const at = clock.now().toISOString();
    const isOne = isAlone && readMs - lastCallMs > inARowMs;
    lastCallMs = readMs;
    const page = await fetchReadable(context.source, id - 1, {
      skipsBroken: false,
      isSought: true,
      ...(isOne && { limit: 1 }),
    });
    return page.kind === 'page' ? toPage(page, { id, at, readMs }) : page;
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
    const page = await pause.unlessOn(() => call(id, isAlone));
    if ('kind' in page) return page;
    keep(page);
    return known(id, sinceMs) ?? { kind: 'reading' as const, customer: page.customers.get(id), at: page.at };
  }

  return {
    async read(id, options) {
      const { sinceMs } = options;
      const lookUp = () => (isText(id) ? named.known(id, sinceMs) : known(id, sinceMs));
      const reading = lookUp();
      if (reading) return reading;
      const asked = turn.then(() => lookUp() ?? (isText(id) ? named.ask(id, sinceMs) : ask(id, options)));
      turn = asked.catch(() => undefined);
      return asked;
    },
    pauseMs: pause.remainingMs,
    crmAnswered: pause.end,
    forget() {
      pages = [];
      named.forget();
    },
  };
}

type Asked = { id: number; at: string; readMs: number };

function toPage({ customers, extent, more }: CustomerPage, { id, at, readMs }: Asked): Page | NoPage {
  const numbered = customers.filter(hasNumber);
  if (extent === 'part') return partOf(numbered, { id, at, readMs });
  const shown = numbered.filter((customer) => customer.id >= id);
  const kept = shown.slice(0, customersMax);
  // a CRM may show fewer than were asked for, so only an empty page is the end, or a list that repeats what came before
  const isEnd = shown.length === 0 || shown.length < numbered.length || extent === 'whole';
  const isWhole = isEnd && !more && kept.length === shown.length;
  const last = isWhole ? Number.POSITIVE_INFINITY : Math.max(id, kept.at(-1)?.id ?? 0);
  return { after: id - 1, last, customers: new Map(kept.map((one) => [one.id, one])), at, readMs };
}

/** A customer that is missing from a part of the list may be in the other part. */
function partOf(shown: Numbered[], { id, at, readMs }: Asked): Page | NoPage {
  const customer = shown.find((one) => one.id === id);
  if (!customer) return { kind: 'unavailable', reason: outOfReach };
  return { after: id - 1, last: id, customers: new Map([[id, customer]]), at, readMs };
}
