import { type Kysely, sql } from 'kysely';

/** One column says what has to happen before the next post; it takes the place of two flags. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .alterTable('deliveries')
    .addColumn('before_post', 'text', (column) => column.notNull().defaultTo('nothing'))
    .execute();
  // a delivered or dead delivery is not posted, whatever its flags say
  await sql`update deliveries set before_post = case when stale = 1 then 'read and look' else 'look' end
    where due_at is not null and (in_doubt = 1 or stale = 1)`.execute(db);
  await db.schema.alterTable('deliveries').dropColumn('in_doubt').execute();
  await db.schema.alterTable('deliveries').dropColumn('stale').execute();
}
