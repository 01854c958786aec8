import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

/** Alerts that wait for the webhook. */
export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('low_stock_alerts')
    .addColumn('id', ...id)
    .addColumn('item_id', reference, (column) => column.notNull())
    // lets the receiver recognise a repeated alert
    .addColumn('message_id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('next_attempt_at', timestamp, (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('low_stock_alerts_in_order')
    .on('low_stock_alerts')
    .columns(['attempts', 'next_attempt_at', 'id'])
    .execute();
}
