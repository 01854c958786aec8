import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { IntegrationResult } from '../customer.ts';
import type { CrmDatabase } from './schema.ts';

export type CustomerRow = Selectable<CrmDatabase['customers']>;

/** Inserts a customer, or gives undefined where its email is taken. */
export function insertCustomer(
  trx: Transaction<CrmDatabase>,
  row: Insertable<CrmDatabase['customers']>,
): Promise<CustomerRow | undefined> {
  return trx
    .insertInto('customers')
    .values(row)
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .returningAll()
    .executeTakeFirst();
}

export function findCustomerIdByEmail(db: Kysely<CrmDatabase>, emailKey: string) {
  return db.selectFrom('customers').select('id').where('email_key', '=', emailKey).executeTakeFirst();
}

/** An unknown id changes nothing, nor does news of a failure about a customer who has the package. */
export async function updateIntegration(
  db: Kysely<CrmDatabase>,
  result: IntegrationResult,
  now: string,
): Promise<void> {
  const delivered = result.state === 'delivered';
  await db
    .updateTable('customers')
    .set({
      integration_state: result.state,
      package_id: result.package_id == null ? null : JSON.stringify(result.package_id),
      integration_attempts: result.attempts,
      integration_error: result.error ?? null,
      integration_updated_at: now,
    })
    .where('id', '=', result.customer_id)
    .$if(!delivered, (query) => query.where('integration_state', '!=', 'delivered'))
    .execute();
}
