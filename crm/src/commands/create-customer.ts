import type { Transaction } from 'kysely';
import type { CrmContext } from '../context.ts';
import { type AccountInput, emailKey, searchKey } from '../customer.ts';
import { type CustomerRow, insertCustomer } from '../db/customers.ts';
import { insertEvent } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import { hashPassword } from '../password.ts';
import { refuseTakenEmail } from './refuse-taken-email.ts';

/**
 * Adds a customer, whose package is pending from now on, and who can log in where there is a password.
 * @throws AppError `conflict` with `existing_id` where the email is taken.
 */
export async function createCustomer(
  { write, clock, eventsWritten }: CrmContext,
  { name, email, password }: AccountInput,
): Promise<CustomerRow> {
  const password_hash = password === undefined ? null : await hashPassword(password);
  const row = await write((trx) => insert(trx, { name, email, password_hash, now: clock.now().toISOString() }));
  eventsWritten();
  return row;
}

type NewCustomer = { name: string; email: string; password_hash: string | null; now: string };

async function insert(trx: Transaction<CrmDatabase>, { name, email, password_hash, now }: NewCustomer) {
  const row = await insertCustomer(trx, {
    name,
    email,
    email_key: emailKey(email),
    search_key: searchKey({ name, email }),
    password_hash,
    created_at: now,
    deleted_at: null,
    integration_state: 'pending',
    package_id: null,
    integration_attempts: 0,
    integration_error: null,
    integration_updated_at: now,
  });
  if (!row) return refuseTakenEmail(trx, email);
  await insertEvent(trx, row, { type: 'CustomerCreated', time: now });
  return row;
}
