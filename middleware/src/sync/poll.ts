import type { MiddlewareContext } from '../context.ts';
import { readCursor } from '../db/cursor.ts';
import { record } from './record.ts';

export type PollResult = {
  outcome: 'found' | 'idle' | 'failed';
  /** Customers recorded, by a failed poll too. */
  seen: number;
  cursor: number;
  /** Entries that the CRM showed without a usable id. */
  unusable: number;
  /** Why it failed. */
  reason?: string;
};

/**
 * Asks the CRM for customers it has not shown yet, page after page, and records each page before asking for the next.
 * No transaction is open while it asks. `onRecorded` is called after each page, so that delivering need not wait for
 * the last one; where it gives false, no further page is asked for.
 */
export async function poll(context: MiddlewareContext, onRecorded: () => boolean): Promise<PollResult> {
  let cursor = await readCursor(context.db);
  let seen = 0;
  let unusable = 0;
  for (;;) {
    const page = await context.source.fetchPage(cursor);
    if (page.kind === 'unavailable') return { outcome: 'failed', seen, cursor, unusable, reason: page.reason };
    unusable += page.unusable;
    // a CRM that ignores `after` shows what is behind the cursor again
    const unseen = page.customers.filter(({ id }) => id > cursor);
    const last = unseen.at(-1);
    let goOn = false;
    if (last) {
      seen += await record(context, unseen);
      cursor = last.id;
      goOn = onRecorded() && page.more;
    }
    if (!goOn) return { outcome: seen > 0 ? 'found' : 'idle', seen, cursor, unusable };
  }
}
