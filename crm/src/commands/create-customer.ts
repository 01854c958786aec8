import { emailKey } from '@doorstep/kit/text/fold.ts';
import type { Turn } from '@doorstep/kit/work/turns.ts';
import type { Transaction } from 'kysely';
import type { CrmContext } from '../context.ts';
import { type AccountInput, type NewCustomer, searchKey } from '../customer.ts';
import { type CustomerRow, insertCustomers } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import { requireFreeEmail, takenEmail } from './taken-email.ts';

/**
 * Adds a customer with a pending package. With a password, the customer can log in.
 * @throws AppError `conflict` with `existing_id` if the email is taken, or `unavailable` if too many passwords wait.
 */
export async function createCustomer(
  context: CrmContext,
  { password, ...fields }: AccountInput,
  turn: Turn = {},
): Promise<CustomerRow> {
  const password_hash = password === undefined ? null : await hashFor(context, fields.email, password, turn);
  const row = await context.write.together(insertAll, { ...fields, password_hash }, context);
  context.eventsWritten();
  return row;
}

/** An email that is taken already costs no hash. */
async function hashFor({ db, passwordWork }: CrmContext, email: string, password: string, turn: Turn): Promise<string> {
  await requireFreeEmail(db, email, { tellsWho: true });
  return passwordWork(turn, ({ hash }) => hash(password));
}

async function insertAll(trx: Transaction<CrmDatabase>, customers: NewCustomer[], { clock }: CrmContext) {
  const now = clock.now().toISOString();
  const rows = await insertCustomers(
    trx,
    customers.map((customer) => ({
      ...customer,
      email_key: emailKey(customer.email),
      search_key: searchKey(customer),
      created_at: now,
      integration_state: 'pending' as const,
      integration_attempts: 0,
      integration_updated_at: now,
    })),
  );
  await insertEvents(
    trx,
    rows.filter((row) => row !== undefined),
    { type: 'CustomerCreated', time: now },
  );
  const results: (CustomerRow | Error)[] = [];
  for (const [place, { email }] of customers.entries()) results.push(rows[place] ?? (await takenEmail(trx, email)));
  return results;
}
