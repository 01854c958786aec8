import { columnTypes } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

/** The outbox: an event is written in the same transaction as the change of the customer. */
export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('events')
    .addColumn('id', ...id)
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('customer_id', reference, (column) => column.notNull())
    .addColumn('time', timestamp, (column) => column.notNull())
    // JSON
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('published_at', timestamp)
    .execute();
  await sql`create index events_unpublished on events (id) where published_at is null`.execute(db);
}
