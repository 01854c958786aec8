import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { deleteItemRow, requireItem } from '../db/items.ts';
import { findKitWith } from '../db/kits.ts';
import { findHolder } from '../db/package-items.ts';
import { reasons } from '../movement.ts';
import { writeStock } from '../stock/write-stock.ts';
import type { ItemVersion } from './update-item.ts';

/**
 * Deletes an item; its movements stay, and end with one that takes all that was left.
 * @throws AppError `not_found`, also at the second call, `precondition_failed`, or `conflict` while a kit or a package in
 * the house needs it.
 */
export async function deleteItem(context: InventoryContext, { id, requireVersion }: ItemVersion): Promise<void> {
  await writeStock(context, async ({ trx, stock, settle }) => {
    const row = await requireItem(trx, id);
    requireVersion(row.version);
    const kit = await findKitWith(trx, id);
    if (kit) {
      throw new AppError('conflict', `Packages of the type ${kit.package_type} are made of it; change their kit first`);
    }
    const holder = await findHolder(trx, id);
    if (holder) {
      throw new AppError('conflict', `Package ${holder.id} holds it and is not shipped yet; ship or cancel it first`);
    }
    await stock.load([{ ...row, min_quantity: -1 }]); // what is there no more is not low
    stock.change(id, { by: -row.quantity }, { reason: reasons.deleted });
    await settle();
    await deleteItemRow(trx, id);
  });
}
