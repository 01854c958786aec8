import type { ForeignId } from '@doorstep/kit/http/foreign-id.ts';
import type { InventoryContext } from '../context.ts';
import { isLowInStock, toItem } from '../db/items.ts';
import type { Item } from '../item.ts';

type Feed = { after: number; limit: number };
type Context = Pick<InventoryContext, 'db'>;

/** The items of a customer above the id `after`, in id order, up to `limit` + 1: the extra one shows that more follow. */
export async function listCustomerItems(
  { db }: Context,
  { customerId, after, limit }: Feed & { customerId: ForeignId },
): Promise<Item[]> {
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .where('customer_id', '=', String(customerId))
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toItem);
}

/** Like `listCustomerItems`, for the items at or below `threshold`, or else at or below their own minimum. */
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
