import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isNumber } from '../customer-key.ts';
import { readCursor } from '../db/cursor.ts';
import { readFacts } from '../db/facts.ts';
import type { CustomerKey, SeenCustomer } from '../delivery.ts';
import type { CustomerPage, NoPage } from '../ports.ts';
import { createLateComers, type LateComers } from './late-comers.ts';
import { createListedPlace } from './listed-place.ts';
import { createLookAgain } from './look-again.ts';
import { fetchReadable } from './read-page.ts';
import { quarantine, record } from './record.ts';
import { compare, createSameCrm } from './same-crm.ts';
import { createStart } from './start.ts';

export type PollResult = {
  outcome: 'found' | 'idle' | 'failed';
  /** Customers recorded; a failed poll may have recorded some. */
  seen: number;
  cursor: CustomerKey;
  reason?: string;
  /** Only if the CRM ignores `after`: its list, as far as it can be read. */
  list?: { seen: number; total: number | undefined; extent: 'whole' | 'part' };
};

/** A customer that the CRM cannot show may be readable at the next poll; after this many polls it is skipped. */
const brokenPollsMax = 3;

export type Poll = (onRecorded: () => boolean) => Promise<PollResult>;

/**
 * Asks the CRM for new customers page by page, and records each page before it asks for the next. No transaction is
 * open during a call. `onRecorded` is called after each page, so that deliveries need not wait for the last one; if it
 * returns false, the poll ends.
 */
export function createPoll(context: MiddlewareContext): Poll {
  const lateComers = createLateComers(context.db);
  const starting = createStart(context);
  const sameCrm = createSameCrm(context);
  const lookAgain = createLookAgain(context);
  let brokenPolls = 0;

  const fetchNext = (after: CustomerKey) =>
    fetchReadable(context.source, after, { skipsBroken: brokenPolls >= brokenPollsMax });

  const place = createListedPlace(context.clock, fetchNext);

  /** From the last recorded customer on: a page of one would show no other. */
  function fetchOverlap(after: number): Promise<CustomerPage | NoPage> {
    const limit = Math.max(context.source.pageSize, 2);
    return fetchReadable(context.source, after, { skipsBroken: false, isUndivided: true, limit });
  }

  return async (onRecorded) => {
    let cursor = await readCursor(context.db);
    const { lastListed: listed, strangers } = await readFacts(context.db, ['lastListed', 'strangers']);
    let lastListed = listed;
    let seen = 0;
    const start = await starting.find();
    if (start.kind !== 'start') return { outcome: 'failed', seen, cursor: lastListed ?? cursor, reason: start.reason };
    if (strangers) await lookAgain(strangers);
    for (let after = lastListed ?? sameCrm.after(cursor); ; after = lastListed ?? cursor) {
      const isOverlap = isNumber(after) && after < cursor;
      const fetch = lastListed === undefined ? fetchNext : place.fetchAfter;
      const page = await (isOverlap ? fetchOverlap(after as number) : fetch(after));
      // a customer that is recorded already may be unreadable without harm
      if (page.kind === 'unreadable' && isOverlap) continue;
      brokenPolls = page.kind === 'unreadable' ? brokenPolls + 1 : 0;
      if (page.kind !== 'page') return { outcome: 'failed', seen, cursor: lastListed ?? cursor, reason: page.reason };
      const late = await lateComers.find(page, cursor, isOverlap ? (after as number) : cursor);
      if (late.isNew) await quarantine(context, page.unusable);
      const failure = await look(page, { cursor, isOverlap, late });
      if (failure) return { outcome: 'failed', seen, cursor: lastListed ?? cursor, reason: failure.reason };
      const unseen = [...late.customers, ...above(page, cursor)];
      const isFurther = page.lastListed !== undefined && page.lastListed !== lastListed;
      lastListed = page.lastListed ?? lastListed;
      const before = cursor;
      const skips = (customer: SeenCustomer) => start.skips(customer, isNumber(customer.id) && customer.id <= before);
      seen += await record(context, unseen, { skips, lastListed: isFurther ? lastListed : undefined });
      late.recorded();
      cursor = Math.max(cursor, unseen.filter(hasNumber).at(-1)?.id ?? 0);
      // a page with customers that were not asked for is the CRM's whole list
      const isFound = unseen.length > 0 || isFurther;
      const mayHaveMore = page.more || (isFound && starting.isFirst());
      const goOn = (isFound || isOverlap) && mayHaveMore && !late.isWhole && onRecorded();
      if (goOn) continue;
      if (!isFound || !mayHaveMore || late.isWhole) await starting.polled();
      return { outcome: seen > 0 ? 'found' : 'idle', seen, cursor: lastListed ?? cursor, ...listOf(page) };
    }
  };

  async function look(page: CustomerPage, seen: { cursor: number; isOverlap: boolean; late: LateComers }) {
    const { cursor, isOverlap, late } = seen;
    if (late.isWhole && late.isNew) await compare(context, page, cursor);
    return isOverlap && !late.isWhole ? sameCrm.look(page, cursor) : undefined;
  }
}

function listOf({ customers, unusable, total, extent }: CustomerPage): Pick<PollResult, 'list'> {
  return extent ? { list: { seen: customers.length + unusable.length, total, extent } } : {};
}

function above({ customers }: CustomerPage, cursor: number) {
  return customers.filter(hasNumber).filter(({ id }) => id > cursor);
}
