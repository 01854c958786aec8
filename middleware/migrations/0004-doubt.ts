import { columnTypes } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { timestamp } = columnTypes(db);
  // when the answer to a post was lost: the package may exist, and a look-up soon after that proves no absence
  await db.schema.alterTable('deliveries').addColumn('doubt_at', timestamp).execute();
  // when a person said which package it is, whatever name that bears
  await db.schema.alterTable('deliveries').addColumn('settled_at', timestamp).execute();
  // an older release does not say why it looks first, so each of these may have been posted
  await sql`update deliveries set doubt_at = updated_at where before_post <> 'nothing' and package_id is null`.execute(
    db,
  );
}
