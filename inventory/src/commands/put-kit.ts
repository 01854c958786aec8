import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { missingItems } from '../db/items.ts';
import { putKitRows, requireKit } from '../db/kits.ts';
import type { Kit, KitItem } from '../kit.ts';
import { writeStock } from '../stock/write-stock.ts';

/**
 * Says what packages of a type are made of from now on, and fills those that waited and can be filled so. What packages
 * have taken already they keep. Safe to repeat.
 * @throws AppError `invalid` naming the items that there are not.
 */
export function putKit(
  context: InventoryContext,
  packageType: string,
  items: KitItem[],
): Promise<{ kit: Kit; isNew: boolean }> {
  return writeStock(context, async ({ trx, stock, settle }) => {
    const missing = await missingItems(
      trx,
      items.map(({ item_id }) => item_id),
    );
    if (missing.length > 0) {
      const errors = missing.map((id) => ({
        field: `items.${items.findIndex(({ item_id }) => item_id === id)}.item_id`,
        message: `Item ${id} not found`,
      }));
      throw new AppError('invalid', errors.map(({ message }) => message).join('; '), { errors });
    }
    const isNew = await putKitRows(trx, { packageType, items, time: stock.time });
    await settle([packageType]);
    return { kit: await requireKit(trx, packageType), isNew };
  });
}
