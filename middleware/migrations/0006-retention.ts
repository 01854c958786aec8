import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

/** Old attempts of delivered and dead deliveries are deleted; the delivery says up to when. */
export async function up(db: Kysely<never>): Promise<void> {
  const { timestamp } = columnTypes(db);
  await db.schema.alterTable('deliveries').addColumn('attempts_removed_until', timestamp).execute();
}
