import type { MiddlewareContext } from '../context.ts';
import { hasNumber } from '../customer-key.ts';
import { readCursor } from '../db/cursor.ts';
import { readFact } from '../db/facts.ts';
import type { CustomerKey } from '../delivery.ts';
import type { CustomerPage } from '../ports.ts';
import { createLateComers } from './late-comers.ts';
import { fetchReadable } from './read-page.ts';
import { quarantine, record } from './record.ts';

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
  let brokenPolls = 0;

  return async (onRecorded) => {
    let cursor = await readCursor(context.db);
    let lastListed = await readFact(context.db, 'lastListed');
    let seen = 0;
    for (;;) {
      const page = await fetchReadable(context.source, lastListed ?? cursor, {
        skipsBroken: brokenPolls >= brokenPollsMax,
      });
      brokenPolls = page.kind === 'unreadable' ? brokenPolls + 1 : 0;
      if (page.kind !== 'page') return { outcome: 'failed', seen, cursor: lastListed ?? cursor, reason: page.reason };
      const late = await lateComers.find(page, cursor);
      if (late.isNew) await quarantine(context, page.unusable);
      const unseen = [...late.customers, ...after(page, cursor)];
      const isFurther = page.lastListed !== undefined && page.lastListed !== lastListed;
      lastListed = page.lastListed ?? lastListed;
      seen += await record(context, unseen, isFurther ? lastListed : undefined);
      late.recorded();
      cursor = Math.max(cursor, unseen.filter(hasNumber).at(-1)?.id ?? 0);
      // a page with customers behind the cursor is the CRM's whole list
      const goOn = (unseen.length > 0 || isFurther) && onRecorded() && page.more && !late.isWhole;
      if (!goOn) return { outcome: seen > 0 ? 'found' : 'idle', seen, cursor: lastListed ?? cursor, ...listOf(page) };
    }
  };
}

function listOf({ customers, unusable, total, extent }: CustomerPage): Pick<PollResult, 'list'> {
  return extent ? { list: { seen: customers.length + unusable.length, total, extent } } : {};
}

function after({ customers }: CustomerPage, cursor: number) {
  return customers.filter(hasNumber).filter(({ id }) => id > cursor);
}
