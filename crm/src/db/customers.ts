import { AppError } from '@doorstep/kit/errors.ts';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely';
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
    .onConflict((conflict) => conflict.column('email_key').where('deleted_at', 'is', null).doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** A customer, deleted or not. */
export function findCustomer(db: Kysely<CrmDatabase>, id: number): Promise<CustomerRow | undefined> {
  return db.selectFrom('customers').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @throws AppError `not_found` where there is no such customer, or none any more. */
export async function requireCustomer(db: Kysely<CrmDatabase>, id: number): Promise<CustomerRow> {
  const row = await findCustomer(db, id);
  if (!row || row.deleted_at !== null) throw new AppError('not_found', 'Customer not found');
  return row;
}

/** The customer who has this email and is not deleted. */
export function findCustomerByEmail(db: Kysely<CrmDatabase>, emailKey: string): Promise<CustomerRow | undefined> {
  return db
    .selectFrom('customers')
    .selectAll()
    .where('email_key', '=', emailKey)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

/** Changes a customer, whose version moves on with it; with `endTokens` the tokens given out before end. */
export function updateCustomer(
  trx: Transaction<CrmDatabase>,
  id: number,
  { endTokens, ...change }: Updateable<CrmDatabase['customers']> & { endTokens: boolean },
): Promise<CustomerRow> {
  return trx
    .updateTable('customers')
    .set({ ...change, version: sql`version + 1` })
    .$if(endTokens, (query) => query.set({ credentials_version: sql`credentials_version + 1` }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** An unknown id changes nothing, nor does what is known already, nor news of a failure about a customer who has the package. */
export async function updateIntegration(
  db: Kysely<CrmDatabase>,
  result: IntegrationResult,
  now: string,
): Promise<void> {
  const delivered = result.state === 'delivered';
  const news = {
    integration_state: result.state,
    package_id: result.package_id == null ? null : JSON.stringify(result.package_id),
    integration_attempts: result.attempts,
    integration_error: result.error ?? null,
  };
  await db
    .updateTable('customers')
    .set({ ...news, integration_updated_at: now, version: sql`version + 1` })
    .where('id', '=', result.customer_id)
    .where((eb) =>
      eb.or([
        eb('integration_state', '!=', news.integration_state),
        eb('package_id', 'is distinct from', news.package_id),
        eb('integration_attempts', '!=', news.integration_attempts),
        eb('integration_error', 'is distinct from', news.integration_error),
      ]),
    )
    .$if(!delivered, (query) => query.where('integration_state', '!=', 'delivered'))
    .execute();
}
