import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  // why the Inventory has refused the record; the package is posted again only if the CRM shows another name
  await db.schema.alterTable('deliveries').addColumn('refusal', 'text').execute();
}
