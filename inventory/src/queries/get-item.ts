import type { InventoryContext } from '../context.ts';
import { type ItemRow, requireItem } from '../db/items.ts';

/** @throws AppError `not_found` */
export function getItem({ db }: Pick<InventoryContext, 'db'>, id: number): Promise<ItemRow> {
  return requireItem(db, id);
}
