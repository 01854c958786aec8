import { emailKey } from '@doorstep/kit/text/fold.ts';
import type { Transaction } from 'kysely';
import type { CrmContext } from '../context.ts';
import { type AccountChange, type CustomerFields, fieldNames, fieldsOf, searchKey } from '../customer.ts';
import { type CustomerRow, findCustomerByEmail, requireCustomer, updateCustomer as update } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import type { ChangedField } from '../event.ts';
import { hashPassword } from '../password.ts';
import { takenEmail } from './taken-email.ts';

export type CustomerVersion = {
  id: number;
  /** Throws if the caller's `If-Match` names another version. */
  requireVersion: (version: number) => void;
};

type Target = CustomerVersion & {
  /** Whether the caller may know which customer has an email. */
  tellsWho: boolean;
};

/**
 * Changes the given fields. A new password invalidates all earlier tokens. Safe to repeat: a value that is already
 * stored is no change and writes no event.
 * @throws AppError `not_found`, `precondition_failed`, or `conflict` with `existing_id` if the email is taken.
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
    const values = changedValues(before, change);
    const after = { ...fieldsOf(before), ...values };
    const email_key = await freeEmailKey(trx, { before, email: after.email, tellsWho });
    const changed = Object.keys(values) as ChangedField[];
    if (password_hash !== undefined) changed.push('password');
    if (changed.length === 0) return before;
    const row = await update(trx, id, {
      ...after,
      email_key,
      search_key: searchKey(after),
      ...(password_hash !== undefined && { password_hash }),
      endTokens: password_hash !== undefined,
    });
    await insertEvents(trx, [row], { type: 'CustomerUpdated', time: clock.now().toISOString(), changed });
    return row;
  });
  eventsWritten();
  return row;
}

function changedValues(before: CustomerRow, change: AccountChange): Partial<CustomerFields> {
  const changed = fieldNames.filter((name) => change[name] !== undefined && change[name] !== before[name]);
  return Object.fromEntries(changed.map((name) => [name, change[name]]));
}

type EmailChange = { before: CustomerRow; email: string } & Pick<Target, 'tellsWho'>;

/** The key of the new email. A twin (see `separateTwins`) keeps its own as long as its email looks the same. */
async function freeEmailKey(trx: Transaction<CrmDatabase>, { before, email, tellsWho }: EmailChange): Promise<string> {
  const key = emailKey(email);
  if (key === emailKey(before.email)) return before.email_key;
  if (await findCustomerByEmail(trx, key)) throw await takenEmail(trx, email, { tellsWho });
  return key;
}
