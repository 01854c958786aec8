import type { MiddlewareContext } from '../context.ts';
import { readCursor } from '../db/cursor.ts';
import type { CustomerPage, NoPage } from '../ports.ts';
import { createLateComers, type LateComers } from './late-comers.ts';
import { fetchReadable } from './read-page.ts';
import { quarantine, record } from './record.ts';
import { compare, createSameCrm } from './same-crm.ts';
import { createStart } from './start.ts';

export type PollResult = {
  outcome: 'found' | 'idle' | 'failed';
  /** Customers recorded; a failed poll may have recorded some. */
  seen: number;
  cursor: number;
  reason?: string;
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
  let brokenPolls = 0;

  async function fetchFrom(after: number, cursor: number): Promise<CustomerPage | NoPage> {
    const skipsBroken = brokenPolls >= brokenPollsMax;
    if (after === cursor) return fetchReadable(context.source, cursor, { skipsBroken });
    // one customer more than a page of one
    const limit = Math.max(context.source.pageSize, 2);
    return fetchReadable(context.source, after, { skipsBroken: false, isUndivided: true, limit });
  }

  return async (onRecorded) => {
    let cursor = await readCursor(context.db);
    let seen = 0;
    const start = await starting.find();
    if (start.kind !== 'start') return { outcome: 'failed', seen, cursor, reason: start.reason };
    await sameCrm.lookAgain();
    for (let after = sameCrm.after(cursor); ; after = cursor) {
      const isOverlap = after < cursor;
      const page = await fetchFrom(after, cursor);
      // a customer that is recorded already may be unreadable without harm
      if (page.kind === 'unreadable' && isOverlap) continue;
      brokenPolls = page.kind === 'unreadable' ? brokenPolls + 1 : 0;
      if (page.kind !== 'page') return { outcome: 'failed', seen, cursor, reason: page.reason };
      const late = await lateComers.find(page, cursor, after);
      if (late.isNew) await quarantine(context, page.unusable);
      const failure = await look(page, { cursor, isOverlap, late });
      if (failure) return { outcome: 'failed', seen, cursor, reason: failure.reason };
      const unseen = [...late.customers, ...above(page, cursor)];
      const before = cursor;
      seen += await record(context, unseen, (customer) => start.skips(customer, customer.id <= before));
      late.recorded();
      const last = unseen.at(-1);
      cursor = Math.max(cursor, last?.id ?? 0);
      // a page with customers that were not asked for is the CRM's whole list
      const goOn = (last !== undefined || isOverlap) && page.more && !late.isWhole && onRecorded();
      if (goOn) continue;
      if (last === undefined || !page.more || late.isWhole) await starting.polled();
      return { outcome: seen > 0 ? 'found' : 'idle', seen, cursor };
    }
  };

  async function look(page: CustomerPage, seen: { cursor: number; isOverlap: boolean; late: LateComers }) {
    const { cursor, isOverlap, late } = seen;
    if (late.isWhole && late.isNew) await compare(context, page, cursor);
    return isOverlap && !late.isWhole ? sameCrm.look(page, cursor) : undefined;
  }
}

function above({ customers }: CustomerPage, cursor: number) {
  return customers.filter(({ id }) => id > cursor);
}
