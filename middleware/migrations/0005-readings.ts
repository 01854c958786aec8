import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { timestamp } = columnTypes(db);
  // when the CRM last showed the customer; null: before this column, so the customer is read again before a post
  await db.schema.alterTable('deliveries').addColumn('read_at', timestamp).execute();
  // why the Inventory has refused the record; the package is posted again only if the CRM shows another name
  await db.schema.alterTable('deliveries').addColumn('refusal', 'text').execute();
}
