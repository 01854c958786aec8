import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { toCustomer } from '../db/customer-view.ts';

/** Customers with an id above `after`, in id order: one more than `limit`, where there is one. */
export async function listCustomers(
  { db }: CrmContext,
  { after, limit }: { after: number; limit: number },
): Promise<Customer[]> {
  const rows = await db
    .selectFrom('customers')
    .selectAll()
    .where('id', '>', after)
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toCustomer);
}
