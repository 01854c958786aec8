import type { CrmContext } from '../context.ts';
import { toCustomerEvent } from '../db/events.ts';
import type { CustomerEvent } from '../event.ts';

/** Events with an id above `after`, in id order; up to `limit` + 1, to show whether there is a next page. */
export async function listEvents(
  { db }: CrmContext,
  { after, limit }: { after: number; limit: number },
): Promise<CustomerEvent[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toCustomerEvent);
}
