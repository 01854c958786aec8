import type { InventoryContext } from '../context.ts';
import { requireItem } from '../db/items.ts';

/**
 * What has happened to the stock of an item, also of one that is there no more, above `after`, in id order: one more than
 * `limit`, where there is one.
 * @throws AppError `not_found` where there never was such an item.
 */
export async function listMovements(
  { db }: Pick<InventoryContext, 'db'>,
  { itemId, after, limit }: { itemId: number; after: number; limit: number },
) {
  const rows = await db
    .selectFrom('movements')
    .selectAll()
    .where('item_id', '=', itemId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  if (rows.length === 0 && !(await hasMovement(db, itemId))) await requireItem(db, itemId);
  return rows;
}

async function hasMovement(db: InventoryContext['db'], itemId: number): Promise<boolean> {
  const row = await db.selectFrom('movements').select('id').where('item_id', '=', itemId).limit(1).executeTakeFirst();
  return row !== undefined;
}
