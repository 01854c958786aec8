import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('packages')
    .addColumn('id', ...id)
    .addColumn('customer_id', reference, (column) => column.notNull())
    // null for packages of the older route, which has no name
    .addColumn('customer_name', 'text')
    .addColumn('package_type', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    // the central guarantee: one package per customer and type, permanently
    .addUniqueConstraint('one_package_per_customer_and_type', ['customer_id', 'package_type'])
    .execute();
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('package_id', reference, (column) => column.notNull().references('packages.id'))
    // SHA-256 of the first request with this key
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .execute();
}
