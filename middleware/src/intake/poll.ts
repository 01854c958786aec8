import type { MiddlewareContext } from '../context.ts';
import { readCursor } from '../db/cursor.ts';
import type { CustomerPage } from '../ports.ts';
import { createLateComers } from './late-comers.ts';
import { fetchReadable } from './read-page.ts';
import { quarantine, record } from './record.ts';
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
  let brokenPolls = 0;

  return async (onRecorded) => {
    let cursor = await readCursor(context.db);
    let seen = 0;
    const start = await starting.find();
    if (start.kind !== 'start') return { outcome: 'failed', seen, cursor, reason: start.reason };
    for (;;) {
      const page = await fetchReadable(context.source, cursor, { skipsBroken: brokenPolls >= brokenPollsMax });
      brokenPolls = page.kind === 'unreadable' ? brokenPolls + 1 : 0;
      if (page.kind !== 'page') return { outcome: 'failed', seen, cursor, reason: page.reason };
      const late = await lateComers.find(page, cursor);
      if (late.isNew) await quarantine(context, page.unusable);
      const unseen = [...late.customers, ...after(page, cursor)];
      const before = cursor;
      seen += await record(context, unseen, (customer) => start.skips(customer, customer.id <= before));
      late.recorded();
      const last = unseen.at(-1);
      cursor = Math.max(cursor, last?.id ?? 0);
      // a page with customers behind the cursor is the CRM's whole list
      const goOn = last !== undefined && onRecorded() && page.more && !late.isWhole;
      if (goOn) continue;
      if (last === undefined || !page.more || late.isWhole) await starting.polled();
      return { outcome: seen > 0 ? 'found' : 'idle', seen, cursor };
    }
  };
}

function after({ customers }: CustomerPage, cursor: number) {
  return customers.filter(({ id }) => id > cursor);
}
