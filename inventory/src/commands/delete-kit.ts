import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { deleteKitRows } from '../db/kits.ts';
import { spellingOf } from '../db/package-types.ts';
import { writeStock } from '../stock/write-stock.ts';

/**
 * Deletes a kit. Packages of its type take no stock from now on, and its back-orders become received. Packages keep the
 * items that they have taken.
 * @throws AppError `not_found`, also on a second call.
 */
export async function deleteKit(context: InventoryContext, type: string): Promise<void> {
  await writeStock(context, async ({ trx, settle }) => {
    const packageType = await spellingOf(trx, type);
    if (!(await deleteKitRows(trx, packageType))) throw new AppError('not_found', 'Kit not found');
    await settle([packageType]);
  });
}
