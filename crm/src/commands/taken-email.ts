import { AppError } from '@doorstep/kit/errors.ts';
import { emailKey } from '@doorstep/kit/text/fold.ts';
import type { Transaction } from 'kysely';
import { findCustomerByEmail } from '../db/customers.ts';
import type { CrmDatabase } from '../db/schema.ts';

/** The error for a taken email. Names the customer that has it only if the caller may know. */
export async function takenEmail(
  trx: Transaction<CrmDatabase>,
  email: string,
  { tellsWho } = { tellsWho: true },
): Promise<AppError> {
  const existing = tellsWho ? await findCustomerByEmail(trx, emailKey(email)) : undefined;
  return new AppError('conflict', 'A customer with this email already exists', {
    members: { ...(existing && { existing_id: existing.id }) },
  });
}
