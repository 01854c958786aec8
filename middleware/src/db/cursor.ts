import type { Kysely, Transaction } from 'kysely';
import type { LedgerDatabase } from './schema.ts';

const name = 'customers';

/** The highest customer id that has been recorded; 0 before the first. */
export async function readCursor(db: Kysely<LedgerDatabase>): Promise<number> {
  const row = await db.selectFrom('cursors').select('last_seen_id').where('name', '=', name).executeTakeFirst();
  return row?.last_seen_id ?? 0;
}

/** Never moves the cursor back. */
export async function moveCursor(trx: Transaction<LedgerDatabase>, lastSeenId: number): Promise<void> {
  await trx
    .insertInto('cursors')
    .values({ name, last_seen_id: lastSeenId })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ last_seen_id: lastSeenId }).where('cursors.last_seen_id', '<', lastSeenId),
    )
    .execute();
}
