import type { CrmContext } from '../context.ts';
import { requireCustomer, updateCustomer } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import type { CustomerVersion } from './update-customer.ts';

/**
 * Soft delete: removes a customer from every list and feed, invalidates the customer's tokens and frees the email. The
 * row stays, so that `restore` can bring it back.
 * @throws AppError `not_found`, also on a second call, or `precondition_failed`.
 */
export async function deleteCustomer(
  { write, clock, eventsWritten }: CrmContext,
  { id, requireVersion }: CustomerVersion,
): Promise<void> {
  await write(async (trx) => {
    const { version } = await requireCustomer(trx, id);
    requireVersion(version);
    const now = clock.now().toISOString();
    const row = await updateCustomer(trx, id, { deleted_at: now, endTokens: true });
    await insertEvents(trx, [row], { type: 'CustomerDeleted', time: now });
  });
  eventsWritten();
}
