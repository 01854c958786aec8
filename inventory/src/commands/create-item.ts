import type { InventoryContext } from '../context.ts';
import { type ItemRow, insertItems, refuseTakenSku, requireItem, toColumns } from '../db/items.ts';
import type { ItemInput } from '../item.ts';
import { reasons } from '../movement.ts';
import { writeStock } from '../stock/write-stock.ts';

/** @throws AppError `conflict` with `existing_id` if the sku is taken, so a second call adds nothing. */
export function createItem(context: InventoryContext, input: ItemInput): Promise<ItemRow> {
  return writeStock(context, async ({ trx, stock, settle }) => {
    const [row] = await insertItems(trx, [toColumns(input)], stock.time);
    if (!row) return refuseTakenSku(trx, input.sku);
    if (input.quantity === 0) return row;
    await stock.load([row]);
    stock.change(row.id, { by: input.quantity }, { reason: reasons.created });
    await settle();
    return requireItem(trx, row.id);
  });
}
