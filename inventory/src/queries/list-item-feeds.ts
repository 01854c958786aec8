import type { InventoryContext } from '../context.ts';
import { isLowInStock, toItem } from '../db/items.ts';
import type { Item } from '../item.ts';

type Feed = { after: number; limit: number };
type Context = Pick<InventoryContext, 'db'>;

/** The items of a customer with an id above `after`, in id order: one more than `limit`, where there is one. */
export async function listCustomerItems(
  { db }: Context,
  { customerId, after, limit }: Feed & { customerId: number },
): Promise<Item[]> {
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toItem);
}

/** As `listCustomerItems`, of the items of which there is no more than `threshold`, or than the minimum of each. */
export async function listLowStock(
  { db }: Context,
  { threshold, after, limit }: Feed & { threshold?: number | undefined },
): Promise<Item[]> {
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .$if(threshold === undefined, (query) => query.where(isLowInStock))
    .$if(threshold !== undefined, (query) => query.where('quantity', '<=', threshold ?? 0))
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toItem);
}
