import { columnTypes } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

/** Alerts on their way to the webhook. */
export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('low_stock_alerts')
    .addColumn('id', ...id)
    .addColumn('item_id', reference, (column) => column.notNull())
    // what makes a repeated alert known to the receiver
    .addColumn('message_id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_attempt_at', timestamp, (column) => column.notNull())
    .addColumn('sent_at', timestamp)
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
  await sql`create index low_stock_alerts_waiting on low_stock_alerts (next_attempt_at, id) where sent_at is null`.execute(
    db,
  );
}
