import type { ForeignId } from '@doorstep/kit/http/foreign-id.ts';
import { sql } from 'kysely';
import type { InventoryContext } from '../context.ts';
import { isLowInStock, toItem } from '../db/items.ts';
import type { Item } from '../item.ts';

type Feed = { after: number; limit: number };
type Context = Pick<InventoryContext, 'db'>;

/** The + keeps the planner from the index of active items: the other conditions leave fewer rows. */
const activity = sql<number>`+is_active`;

/**
 * The active items of a customer above the id `after`, in id order, up to `limit` + 1: the extra one shows that more
 * follow.
 */
export async function listCustomerItems(
  { db }: Context,
  { customerId, after, limit }: Feed & { customerId: ForeignId },
): Promise<Item[]> {
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .where('customer_id', '=', String(customerId))
    .where(activity, '=', 1)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toItem);
}

type LowStockFeed = Feed & { threshold?: number | undefined; is_active?: boolean | undefined };

/**
 * Like `listCustomerItems`, for the active items at or below `threshold`, or else at or below their own minimum; or for
 * the inactive ones.
 */
export async function listLowStock(
  { db }: Context,
  { threshold, is_active = true, after, limit }: LowStockFeed,
): Promise<Item[]> {
  const active = is_active ? 1 : 0;
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .$if(threshold === undefined, (query) => query.where(isLowInStock).where('is_active', '=', active))
    .$if(threshold !== undefined, (query) => query.where('quantity', '<=', threshold ?? 0).where(activity, '=', active))
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toItem);
}
