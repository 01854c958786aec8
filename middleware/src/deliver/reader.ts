import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isText } from '../customer-key.ts';
import type { CustomerKey, SeenCustomer } from '../delivery.ts';
import { fetchReadable } from '../intake/read-page.ts';
import type { CustomerPage, NoPage } from '../ports.ts';
import { createNamedReader } from './named-reader.ts';
import { type OutOfReach, outOfReach, type Reading, readingAgeMaxMs } from './reading.ts';
import { createReadingPause } from './reading-pause.ts';

type Answer = Reading | NoPage | OutOfReach;

export type Reader = {
  /** `sinceMs`: a page that was asked for earlier, on the monotonic clock, is not good enough. */
  read(customerId: CustomerKey, options: { sinceMs: number; isAlone: boolean }): Promise<Answer>;
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

type Page = {
  after: number;
  last: number;
  customers: Map<number, SeenCustomer>;
  /** A customer that is missing may be in another part of the list. */
  isPart: boolean;
  at: string;
  readMs: number;
};

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

  function known(id: number, sinceMs: number): Reading | OutOfReach | undefined {
    const oldestMs = Math.max(sinceMs, clock.monotonicMs() - readingAgeMaxMs);
    pages = pages.filter(({ readMs }) => readMs >= clock.monotonicMs() - readingAgeMaxMs);
    const page = pages.find(({ after, last, readMs }) => readMs >= oldestMs && id > after && id <= last);
    return page && readingOf(page, id);
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
    return known(id, sinceMs) ?? readingOf(page, id);
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

function readingOf({ customers, isPart, at }: Page, id: number): Reading | OutOfReach {
  const customer = customers.get(id);
  return customer || !isPart ? { kind: 'reading', customer, at } : outOfReach;
}

type Asked = { id: number; at: string; readMs: number };

function toPage({ customers, extent, more }: CustomerPage, { id, at, readMs }: Asked): Page {
  const isPart = extent === 'part';
  // the same part is shown for every id
  const shown = customers.filter(hasNumber).filter((customer) => isPart || customer.id >= id);
  const kept = shown.slice(0, customersMax);
  // a CRM may show fewer than were asked for, so only an empty page is the end, or a list that repeats what came before
  const isRepeated = shown.length < customers.filter(hasNumber).length || extent === 'whole';
  const isEnd = (shown.length === 0 || isRepeated) && !more;
  const isWhole = isPart || (isEnd && kept.length === shown.length);
  const last = isWhole ? Number.POSITIVE_INFINITY : Math.max(id, kept.at(-1)?.id ?? 0);
  return { after: isPart ? 0 : id - 1, last, customers: new Map(kept.map((one) => [one.id, one])), isPart, at, readMs };
}
