import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { deleteItemRow, requireItem } from '../db/items.ts';
import { findKitWith } from '../db/kits.ts';
import { findHolder } from '../db/package-items.ts';
import { reasons } from '../movement.ts';
import { writeStock } from '../stock/write-stock.ts';
import type { ItemToChange } from './update-item.ts';

/**
 * Deletes an item. Its movements stay; the last one removes the remaining stock.
 * @throws AppError `not_found`, also on a second call, `precondition_failed`, or `conflict` while a kit or an unshipped
 * package contains the item.
 */
export async function deleteItem(context: InventoryContext, { id, requireVersion }: ItemToChange): Promise<void> {
  await writeStock(context, async ({ trx, stock, settle }) => {
    const row = await requireItem(trx, id);
    requireVersion(row.version);
    const kit = await findKitWith(trx, id);
    if (kit) {
      throw new AppError('conflict', `The kit of ${kit.package_type} contains this item; change the kit first`);
    }
    const holder = await findHolder(trx, id);
    if (holder) {
      throw new AppError('conflict', `Package ${holder.id} contains this item; ship or cancel it first`);
    }
    await stock.load([{ ...row, min_quantity: -1 }]); // a deleted item raises no alert
    stock.change(id, { by: -row.quantity }, { reason: reasons.deleted });
    await settle();
    await deleteItemRow(trx, id);
  });
}
