import { AppError } from '@doorstep/kit/errors.ts';
import { emailKey } from '@doorstep/kit/text/fold.ts';
import type { Kysely } from 'kysely';
import { findCustomerByEmail } from '../db/customers.ts';
import type { CrmDatabase } from '../db/schema.ts';

/** The error for a taken email. Names the customer that has it only if the caller may know. */
export async function takenEmail(
  db: Kysely<CrmDatabase>,
  email: string,
  { tellsWho } = { tellsWho: true },
): Promise<AppError> {
  const existing = tellsWho ? await findCustomerByEmail(db, emailKey(email)) : undefined;
  return new AppError('conflict', 'A customer with this email already exists', {
    members: { ...(existing && { existing_id: existing.id }) },
  });
}

/** @throws AppError `conflict` if another customer than `id` has the email. */
export async function requireFreeEmail(
  db: Kysely<CrmDatabase>,
  email: string,
  { id, tellsWho }: { id?: number; tellsWho: boolean },
): Promise<void> {
  const owner = await findCustomerByEmail(db, emailKey(email));
  if (owner && owner.id !== id) throw await takenEmail(db, email, { tellsWho });
}
