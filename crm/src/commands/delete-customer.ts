import type { CrmContext } from '../context.ts';
import { requireCustomer, updateCustomer } from '../db/customers.ts';
import { insertEvents } from '../db/events.ts';
import type { CustomerVersion } from './update-customer.ts';

/**
 * Takes a customer out of every list and feed; the tokens end, the email is free again, and the row stays for `restore`.
 * @throws AppError `not_found`, also at the second call, or `precondition_failed`.
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
