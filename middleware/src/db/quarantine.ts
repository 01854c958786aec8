import { createHash } from 'node:crypto';
import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Transaction } from 'kysely';
import type { UnusableEntry } from '../delivery.ts';
import type { LedgerDatabase } from './schema.ts';

/** A CRM whose ids all have another form must not fill the disk. */
const quarantinedMax = 10_000;

/** Stores each entry once, however often it is seen. Returns the new ones. */
export async function insertQuarantined(
  trx: Transaction<LedgerDatabase>,
  entries: UnusableEntry[],
  now: string,
): Promise<UnusableEntry[]> {
  const room = quarantinedMax - (await countQuarantined(trx));
  if (room <= 0 || entries.length === 0) return [];
  const rows = entries.map(({ entry, reason }) => ({ fingerprint: fingerprintOf(entry), entry, reason, seen_at: now }));
  const columns = { fingerprint: 'text', entry: 'text', reason: 'text', seen_at: 'timestamptz' } as const;
  return trx
    .insertInto('quarantine')
    .columns(['fingerprint', 'entry', 'reason', 'seen_at'])
    .expression(
      (eb) =>
        eb
          .selectFrom(jsonTable(trx, rows.slice(0, room), columns).as('entry'))
          .select(['fingerprint', 'entry', 'reason', 'seen_at'])
          .where('fingerprint', 'is not', null), // or SQLite would parse the ON of ON CONFLICT as part of a join
    )
    .onConflict((conflict) => conflict.column('fingerprint').doNothing())
    .returning(['entry', 'reason'])
    .execute();
}

export async function countQuarantined(db: Kysely<LedgerDatabase>): Promise<number> {
  const { count } = await db
    .selectFrom('quarantine')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

function fingerprintOf(entry: string): string {
  return createHash('sha256').update(entry).digest('base64url');
}
