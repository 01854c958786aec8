import { columnTypes } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

/** A sent alert is kept for a while, so that an operator can see what the webhook was told. */
export async function up(db: Kysely<never>): Promise<void> {
  const { timestamp } = columnTypes(db);
  await db.schema.alterTable('low_stock_alerts').addColumn('sent_at', timestamp).execute();
  await sql`drop index low_stock_alerts_in_order`.execute(db);
  await sql`create index low_stock_alerts_in_order on low_stock_alerts (attempts, next_attempt_at, id)
    where sent_at is null`.execute(db);
  await sql`create index low_stock_alerts_sent on low_stock_alerts (sent_at, id) where sent_at is not null`.execute(db);
}
