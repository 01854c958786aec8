import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { toCustomer } from '../db/customer-view.ts';

/** Customers with an id above `after`, in id order; up to `limit` + 1, to show whether there is a next page. */
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
