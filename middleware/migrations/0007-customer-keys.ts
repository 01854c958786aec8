import { type Kysely, sql } from 'kysely';

/**
 * A customer whose id is text gets a number above 2^52 at the door, in the order first seen. The key is what the CRM and
 * the Inventory call the customer; null if that is the number itself.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('deliveries').addColumn('customer_key', 'text').execute();
  await sql`create unique index deliveries_key on deliveries (customer_key) where customer_key is not null`.execute(db);
}
