import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import { type CustomerRow, findCustomer, findCustomerByEmail, updateCustomer } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import { takenEmail } from './taken-email.ts';

/**
 * Restores a deleted customer. Safe to repeat: a customer that is not deleted is returned unchanged.
 * @throws AppError `not_found`, or `conflict` with `existing_id` if another customer has the email by now.
 */
export async function restoreCustomer({ write, clock, eventsWritten }: CrmContext, id: number): Promise<CustomerRow> {
  const row = await write(async (trx) => {
    const before = await findCustomer(trx, id);
    if (!before) throw new AppError('not_found', 'Customer not found');
    if (before.deleted_at === null) return before;
    if (await findCustomerByEmail(trx, before.email_key)) throw await takenEmail(trx, before.email);
    const restored = await updateCustomer(trx, id, { deleted_at: null, endTokens: false });
    const time = clock.now().toISOString();
    await insertEvents(trx, [restored], { type: 'CustomerUpdated', time, changed: ['deleted_at'] });
    return restored;
  });
  eventsWritten();
  return row;
}
