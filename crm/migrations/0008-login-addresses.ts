import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

/** From where accounts have logged in. Both columns are keyed hashes: the table tells nobody names or addresses. */
export async function up(db: Kysely<never>): Promise<void> {
  const { timestamp } = columnTypes(db);
  await db.schema
    .createTable('login_addresses')
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('last_at', timestamp, (column) => column.notNull())
    .addPrimaryKeyConstraint('login_addresses_key', ['account', 'address'])
    .execute();
  await db.schema.createIndex('login_addresses_by_time').on('login_addresses').column('last_at').execute();
}
