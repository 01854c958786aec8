import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { deleteKitRows } from '../db/kits.ts';
import { writeStock } from '../stock/write-stock.ts';

/**
 * Packages of this type take nothing from now on, and none of them is backordered any more. What they have taken already
 * they keep.
 * @throws AppError `not_found`, also at the second call.
 */
export async function deleteKit(context: InventoryContext, packageType: string): Promise<void> {
  await writeStock(context, async ({ trx, settle }) => {
    if (!(await deleteKitRows(trx, packageType))) throw new AppError('not_found', 'Kit not found');
    await settle([packageType]);
  });
}
