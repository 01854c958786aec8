import type { Transaction } from 'kysely';
import type { CrmContext } from '../context.ts';
import { type AccountChange, emailKey, searchKey } from '../customer.ts';
import { type CustomerRow, findCustomerByEmail, requireCustomer, updateCustomer as update } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import type { ChangedField } from '../event.ts';
import { hashPassword } from '../password.ts';
import { takenEmail } from './taken-email.ts';

export type CustomerVersion = {
  id: number;
  /** Throws where the caller knows another version. */
  requireVersion: (version: number) => void;
};

type Target = CustomerVersion & {
  /** Whether the caller may know whose an email is. */
  tellsWho: boolean;
};

/**
 * Changes what is given; a new password ends the tokens given out before. Safe to repeat: what is so already is no
 * change and no event.
 * @throws AppError `not_found`, `precondition_failed`, or `conflict` with `existing_id` where the email is taken.
 */
export async function updateCustomer(
  { write, clock, eventsWritten }: CrmContext,
  { id, requireVersion, tellsWho }: Target,
  { password, ...change }: AccountChange,
): Promise<CustomerRow> {
  const password_hash = password === undefined ? undefined : await hashPassword(password);
  const row = await write(async (trx) => {
    const before = await requireCustomer(trx, id);
    requireVersion(before.version);
    const changed = changedFields(before, change);
    if (change.email !== undefined) await requireFreeEmail(trx, change.email, { id, tellsWho });
    if (password_hash !== undefined) changed.push('password');
    if (changed.length === 0) return before;
    const { name = before.name, email = before.email } = change;
    const row = await update(trx, id, {
      name,
      email,
      email_key: emailKey(email),
      search_key: searchKey({ name, email }),
      ...(password_hash !== undefined && { password_hash }),
      endTokens: password_hash !== undefined,
    });
    await insertEvents(trx, [row], { type: 'CustomerUpdated', time: clock.now().toISOString(), changed });
    return row;
  });
  eventsWritten();
  return row;
}

function changedFields(before: CustomerRow, change: AccountChange): ChangedField[] {
  return (['name', 'email'] as const).filter((field) => change[field] !== undefined && change[field] !== before[field]);
}

async function requireFreeEmail(
  trx: Transaction<CrmDatabase>,
  email: string,
  { id, tellsWho }: Pick<Target, 'id' | 'tellsWho'>,
): Promise<void> {
  const owner = await findCustomerByEmail(trx, emailKey(email));
  if (owner && owner.id !== id) throw await takenEmail(trx, email, { tellsWho });
}
