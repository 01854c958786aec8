import { columnTypes } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, timestamp } = columnTypes(db);
  // how many waits of the retry schedule were used up; an attempt that fails for everybody uses up none
  await db.schema
    .alterTable('deliveries')
    .addColumn('waits_used', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update deliveries set waits_used = attempts`.execute(db);
  // 1: what is known of the customer may be out of date, and is read again before the next attempt
  await db.schema
    .alterTable('deliveries')
    .addColumn('stale', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  // while it waits: since when
  await db.schema.alterTable('deliveries').addColumn('waiting_since', timestamp).execute();
  await sql`update deliveries set waiting_since = recorded_at where due_at is not null`.execute(db);
  // what is under way is left out, or each claim would step over it
  await db.schema.dropIndex('deliveries_due').execute();
  await db.schema
    .createIndex('deliveries_due')
    .on('deliveries')
    .columns(['due_at', 'customer_id'])
    .where('due_at' as never, 'is not', null)
    .where('claimed_at' as never, 'is', null)
    .execute();
  await db.schema
    .createIndex('deliveries_claimed')
    .on('deliveries')
    .columns(['customer_id'])
    .where('claimed_at' as never, 'is not', null)
    .execute();
  await db.schema
    .createIndex('deliveries_waiting')
    .on('deliveries')
    .columns(['waiting_since'])
    .where('waiting_since' as never, 'is not', null)
    .execute();
  // replays of what had a package
  await db.schema
    .createIndex('deliveries_replayed')
    .on('deliveries')
    .columns(['customer_id'])
    .where('package_id' as never, 'is not', null)
    .where('state' as never, '!=', sql.lit('delivered'))
    .execute();
  // entries of the CRM that no delivery can be made of, because they have no usable id
  await db.schema
    .createTable('quarantine')
    .addColumn('id', ...id)
    .addColumn('fingerprint', 'text', (column) => column.notNull().unique())
    .addColumn('entry', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('seen_at', timestamp, (column) => column.notNull())
    .execute();
  // what there is one of, as JSON: where the daemon listens, whether it is paused, how the last reconciliation ended
  await db.schema
    .createTable('facts')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}
