import type { InventoryContext } from '../context.ts';
import { requireItem } from '../db/items.ts';

/**
 * The movements of an item, even a deleted one, with an id above `after`, in id order, up to `limit` + 1: the extra one
 * shows that more follow.
 * @throws AppError `not_found` if the item never existed.
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
