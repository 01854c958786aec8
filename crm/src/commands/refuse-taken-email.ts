import { AppError } from '@doorstep/kit/errors.ts';
import type { Transaction } from 'kysely';
import { emailKey } from '../customer.ts';
import { findCustomerByEmail } from '../db/customers.ts';
import type { CrmDatabase } from '../db/schema.ts';

/** @throws AppError `conflict`, naming the customer who has the email. */
export async function refuseTakenEmail(trx: Transaction<CrmDatabase>, email: string): Promise<never> {
  const existing = await findCustomerByEmail(trx, emailKey(email));
  throw new AppError('conflict', 'A customer with this email already exists', {
    members: { existing_id: existing?.id },
  });
}
