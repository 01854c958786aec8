import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('packages')
    .addColumn('id', ...id)
    .addColumn('customer_id', reference, (column) => column.notNull())
    // the older shape of the route has no name
    .addColumn('customer_name', 'text')
    .addColumn('package_type', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    // what everything rests on: one package per customer and type, for ever
    .addUniqueConstraint('one_package_per_customer_and_type', ['customer_id', 'package_type'])
    .execute();
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('package_id', reference, (column) => column.notNull().references('packages.id'))
    // SHA-256 of the request that came with the key first
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .execute();
}
