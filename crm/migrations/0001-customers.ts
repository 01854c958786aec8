import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, timestamp } = columnTypes(db);
  await db.schema
    .createTable('customers')
    .addColumn('id', ...id)
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    // the email in lower case; the program folds it, because SQLite and PostgreSQL fold letters differently
    .addColumn('email_key', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .addColumn('integration_state', 'text', (column) => column.notNull())
    // JSON, because another Inventory may use package ids that are not numbers
    .addColumn('package_id', 'text')
    .addColumn('integration_attempts', 'integer', (column) => column.notNull())
    .addColumn('integration_error', 'text')
    .addColumn('integration_updated_at', timestamp, (column) => column.notNull())
    .execute();
}
