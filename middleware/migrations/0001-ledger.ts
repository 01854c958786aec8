import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('cursors')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('last_seen_id', reference, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('deliveries')
    .addColumn('customer_id', reference, (column) => column.primaryKey())
    .addColumn('customer_name', 'text', (column) => column.notNull())
    .addColumn('customer_created_at', timestamp)
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    // when the next attempt is due; null once there will be none
    .addColumn('due_at', timestamp)
    // when the attempt under way began; a row that is claimed but not under way was interrupted
    .addColumn('claimed_at', timestamp)
    // 1: a package may have been made without our having heard of it
    .addColumn('in_doubt', 'integer', (column) => column.notNull())
    // JSON, because another Inventory may give its packages other ids than numbers
    .addColumn('package_id', 'text')
    .addColumn('error', 'text')
    // 1: the CRM has yet to be told
    .addColumn('report_pending', 'integer', (column) => column.notNull())
    .addColumn('recorded_at', timestamp, (column) => column.notNull())
    .addColumn('updated_at', timestamp, (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('deliveries_due')
    .on('deliveries')
    .columns(['due_at', 'customer_id'])
    .where('due_at' as never, 'is not', null)
    .execute();
  await db.schema
    .createIndex('deliveries_unreported')
    .on('deliveries')
    .columns(['customer_id'])
    .where('report_pending' as never, '=', 1)
    .execute();
  await db.schema.createIndex('deliveries_state').on('deliveries').columns(['state', 'customer_id']).execute();
  await db.schema
    .createTable('attempts')
    .addColumn('id', ...id)
    .addColumn('customer_id', reference, (column) => column.notNull().references('deliveries.customer_id'))
    .addColumn('started_at', timestamp, (column) => column.notNull())
    .addColumn('duration_ms', 'integer')
    .addColumn('status', 'integer')
    .addColumn('error', 'text')
    .addColumn('next_attempt_at', timestamp)
    .execute();
  await db.schema.createIndex('attempts_customer').on('attempts').columns(['customer_id', 'id']).execute();
}
