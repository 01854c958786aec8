import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { isKeyOrTwin } from '@doorstep/kit/database/twins.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely';
import type { IntegrationResult } from '../customer.ts';
import { type CrmDatabase, customerFieldColumns } from './schema.ts';

export type CustomerRow = Selectable<CrmDatabase['customers']>;

type NewCustomer = Omit<Insertable<CrmDatabase['customers']>, 'id' | 'version' | 'credentials_version'>;

const newCustomerColumns = {
  ...customerFieldColumns,
  email_key: 'text',
  search_key: 'text',
  password_hash: 'text',
  created_at: 'timestamptz',
  integration_state: 'text',
  integration_attempts: 'integer',
  integration_updated_at: 'timestamptz',
} as const;
const newCustomerNames = Object.keys(newCustomerColumns) as (keyof typeof newCustomerColumns)[];

/** Inserts customers in the given order. Returns the row of each, or undefined if its email is taken. */
export async function insertCustomers(
  trx: Transaction<CrmDatabase>,
  customers: Pick<NewCustomer, keyof typeof newCustomerColumns>[],
): Promise<(CustomerRow | undefined)[]> {
  const placed = customers.map((customer, place) => ({ place, ...customer }));
  const table = jsonTable(trx, placed, { place: 'integer', ...newCustomerColumns });
  const inserted = await trx
    .insertInto('customers')
    .columns(newCustomerNames)
    .expression((eb) => eb.selectFrom(table.as('added')).select(newCustomerNames).orderBy('place'))
    .onConflict((conflict) => conflict.column('email_key').where('deleted_at', 'is', null).doNothing())
    .returningAll()
    .execute();
  const rows = new Map(inserted.map((row) => [row.email_key, row]));
  return customers.map(({ email_key }) => {
    const row = rows.get(email_key);
    rows.delete(email_key); // of two customers with the same email, only the first is inserted
    return row;
  });
}

/** A customer, deleted or not. */
export function findCustomer(db: Kysely<CrmDatabase>, id: number): Promise<CustomerRow | undefined> {
  return db.selectFrom('customers').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @throws AppError `not_found` if the customer does not exist or is deleted. */
export async function requireCustomer(db: Kysely<CrmDatabase>, id: number): Promise<CustomerRow> {
  const row = await findCustomer(db, id);
  if (!row || row.deleted_at !== null) throw new AppError('not_found', 'Customer not found');
  return row;
}

/** Ignores deleted customers. */
export function findCustomerByEmail(db: Kysely<CrmDatabase>, emailKey: string): Promise<CustomerRow | undefined> {
  return db
    .selectFrom('customers')
    .selectAll()
    .where('email_key', '=', emailKey)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

/** Migrated customers may share an email: more than these cannot log in, because each costs a hash. */
const sharersMax = 10;

/** Like `findCustomerByEmail`, with the later customers who had the email before it counted as the same. */
export function listCustomersByEmail(db: Kysely<CrmDatabase>, emailKey: string): Promise<CustomerRow[]> {
  return db
    .selectFrom('customers')
    .selectAll()
    .where(isKeyOrTwin('email_key', emailKey))
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .limit(sharersMax)
    .execute();
}

/** Changes a customer and increments its version. `endTokens` invalidates all earlier tokens. */
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

const newsColumns = {
  customer_id: 'bigint',
  state: 'text',
  package_id: 'text',
  attempts: 'integer',
  error: 'text',
} as const;

/**
 * Stores the reported package states. Ignores unknown ids, states that are already stored, failures of customers that
 * have the package, and `pending` once a result is known.
 */
export async function updateIntegrations(
  trx: Transaction<CrmDatabase>,
  results: IntegrationResult[],
  now: string,
): Promise<void> {
  const news = newest(results).map(({ customer_id, state, package_id, attempts, error = null }) => {
    return { customer_id, state, package_id: package_id == null ? null : JSON.stringify(package_id), attempts, error };
  });
  await trx
    .updateTable('customers')
    .from(jsonTable(trx, news, newsColumns).as('news'))
    .set((eb) => ({
      integration_state: eb.ref('news.state'),
      package_id: eb.ref('news.package_id'),
      integration_attempts: eb.ref('news.attempts'),
      integration_error: eb.ref('news.error'),
      integration_updated_at: now,
      version: sql`version + 1`,
    }))
    .whereRef('customers.id', '=', 'news.customer_id')
    .where((eb) =>
      eb.or([
        eb('integration_state', '!=', eb.ref('news.state')),
        eb('customers.package_id', 'is distinct from', eb.ref('news.package_id')),
        eb('integration_attempts', '!=', eb.ref('news.attempts')),
        eb('integration_error', 'is distinct from', eb.ref('news.error')),
      ]),
    )
    .where((eb) =>
      eb.or([
        eb('integration_state', '=', 'pending'),
        eb('news.state', '=', 'delivered'),
        eb.and([eb('news.state', '=', 'failed'), eb('integration_state', '=', 'failed')]),
      ]),
    )
    .execute();
}

const rank = { pending: 0, failed: 1, delivered: 2 };

/** The last result of each customer, except that a failure never replaces a delivery, and `pending` neither. */
function newest(results: IntegrationResult[]): IntegrationResult[] {
  const byCustomer = new Map<number, IntegrationResult>();
  for (const result of results) {
    const other = byCustomer.get(result.customer_id);
    if (!other || rank[result.state] >= rank[other.state]) byCustomer.set(result.customer_id, result);
  }
  return [...byCustomer.values()];
}
