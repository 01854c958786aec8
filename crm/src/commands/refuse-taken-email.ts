import { AppError } from '@doorstep/kit/errors.ts';
import type { Transaction } from 'kysely';
import { emailKey } from '../customer.ts';
import { findCustomerByEmail } from '../db/customers.ts';
import type { CrmDatabase } from '../db/schema.ts';

/** @throws AppError `conflict`, naming the customer who has the email, unless that is nothing for the caller to know. */
export async function refuseTakenEmail(
  trx: Transaction<CrmDatabase>,
  email: string,
  { tellsWho } = { tellsWho: true },
): Promise<never> {
  const existing = tellsWho ? await findCustomerByEmail(trx, emailKey(email)) : undefined;
  throw new AppError('conflict', 'A customer with this email already exists', {
    members: { ...(existing && { existing_id: existing.id }) },
  });
}
