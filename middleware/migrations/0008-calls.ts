import { type Kysely, sql } from 'kysely';

/** Each call of an attempt, and how many asked for the package. What is in the ledger already counts one call an attempt. */
export async function up(db: Kysely<never>): Promise<void> {
  // JSON; empty: the attempt was one call, which its other columns describe
  await db.schema
    .alterTable('attempts')
    .addColumn('calls', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await db.schema
    .alterTable('deliveries')
    .addColumn('posts', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  // how far deliveries are that have not ended, where the CRM does not know
  await db.schema
    .createIndex('deliveries_progress')
    .on('deliveries')
    .columns(['customer_id'])
    .where('report_pending' as never, '=', sql.lit(2))
    .execute();
  await sql`update deliveries set posts = attempts`.execute(db);
}
