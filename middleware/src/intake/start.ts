import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isNumber } from '../customer-key.ts';
import { readCursor } from '../db/cursor.ts';
import { countDeliveries } from '../db/deliveries.ts';
import { type Facts, readFact, writeFact } from '../db/facts.ts';
import type { SeenCustomer } from '../delivery.ts';
import type { CustomerPage, NoPage } from '../ports.ts';
import { fromBeginning, isBefore, parseStartFrom } from '../start-from.ts';
import { findHighest } from './find-highest.ts';
import { fetchReadable } from './read-page.ts';

export type Start = {
  kind: 'start';
  /** Whether the customer gets no package; `isLate`: it has an id behind the cursor. */
  skips(customer: SeenCustomer, isLate: boolean): boolean;
};

type Fact = Facts['start'];

/** The cursor takes no id beyond it. */
const idMax = 2 ** 52;

/**
 * Where deliveries begin. The decision is made once, on an empty ledger, and stored before the first customer is recorded,
 * so a daemon that is killed in the middle of its first poll goes on with it.
 */
export function createStart(context: MiddlewareContext) {
  const { db, write, logger, startFrom, source } = context;
  let fact: Fact | undefined;
  let isChecked = false;

  const store = async (changed: Fact) => {
    await write((trx) => writeFact(trx, 'start', changed));
    fact = changed;
  };

  async function decide(): Promise<NoPage | undefined> {
    fact = await readFact(db, 'start');
    const isEmpty = (await readCursor(db)) === 0 && (await countDeliveries(db)).all === 0;
    if (isEmpty && fact?.startFrom !== startFrom.text) {
      const upTo = startFrom.kind === 'beginning' ? 0 : await highestNow();
      if (typeof upTo !== 'number') return upTo;
      await store({ startFrom: startFrom.text, upTo, isTold: false });
    } else if (!isEmpty) await tellIfIgnored();
    isChecked = !isEmpty;
    return undefined;
  }

  async function highestNow(): Promise<number | NoPage> {
    const page = await fetchReadable(source, 0, { skipsBroken: true });
    if (page.kind !== 'page') return page;
    const last = highestOf(page);
    // ids of text have no highest
    if (last === 0 || page.lastListed !== undefined) return last;
    // a short page is not the end, and a CRM that ignores `after` is read in another way
    const next = await fetchReadable(source, last, { skipsBroken: true });
    if (next.kind !== 'page') return next;
    const isRepeated = next.extent !== undefined || next.customers.some(({ id }) => isNumber(id) && id <= last);
    if (isRepeated || next.length === 0) return Math.max(last, highestOf(next));
    return findHighest(source, { above: highestOf(next), upTo: idMax });
  }

  async function tellIfIgnored() {
    const known = fact ?? { startFrom: fromBeginning.text, upTo: 0, isTold: true };
    const { text } = startFrom;
    if (text === known.startFrom || text === known.ignored) return;
    const { all } = await countDeliveries(db);
    logger.warn(
      `START_FROM=${text} is ignored: it counts only for an empty ledger, and this one holds ${customers(all)} since it began with START_FROM=${known.startFrom}`,
    );
    await store({ ...known, ignored: text });
  }

  return {
    async find(): Promise<Start | NoPage> {
      const failure = isChecked ? undefined : await decide();
      if (failure) return failure;
      const { upTo = 0, startFrom: text, isTold = true } = fact ?? {};
      const start = (text && parseStartFrom(text)) || fromBeginning;
      return {
        kind: 'start',
        skips: (customer, isLate) => isBefore(customer, start, { upTo, isLate, isFirst: !isTold }),
      };
    },
    /** Whether the first poll is not over yet: it reads until a page is empty, since a short one is not the end. */
    isFirst: () => fact?.isTold === false,
    /** A poll has read the CRM to its end. The first one tells what becomes of the customers that were there. */
    async polled(): Promise<void> {
      if (!fact || fact.isTold) return;
      const { all, skipped } = await countDeliveries(db);
      logger.info(sentence(fact.startFrom, all, skipped));
      await store({ ...fact, isTold: true });
    },
  };
}

const highestOf = ({ customers: shown }: CustomerPage) => shown.filter(hasNumber).at(-1)?.id ?? 0;

function sentence(startFrom: string, all: number, skipped: number): string {
  const setting = `START_FROM=${startFrom}`;
  if (all === 0) return `The CRM has no customers yet; ${setting}`;
  if (skipped === 0) return `The CRM has ${customers(all)}; ${setting}: each gets a package`;
  if (skipped === all) return `The CRM has ${customers(all)} from before; ${setting}: they get no package`;
  return `The CRM has ${customers(all)}; ${setting}: ${skipped} from before get no package, ${all - skipped} get one`;
}

function customers(count: number): string {
  return `${count} ${count === 1 ? 'customer' : 'customers'}`;
}
