import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, timestamp } = columnTypes(db);
  await db.schema
    .createTable('admins')
    .addColumn('id', ...id)
    .addColumn('username', 'text', (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
}
