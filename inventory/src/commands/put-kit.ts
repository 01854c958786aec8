import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { missingItems } from '../db/items.ts';
import { putKitRows, requireKit } from '../db/kits.ts';
import { storeSpellings } from '../db/package-types.ts';
import type { Kit, KitItem } from '../kit.ts';
import { writeStock } from '../stock/write-stock.ts';

/**
 * Creates or replaces the kit of a package type, and fills the back-orders for which there is now enough. Packages keep
 * the items that they have taken. Safe to repeat.
 * @throws AppError `invalid` that names the items that do not exist.
 */
export function putKit(
  context: InventoryContext,
  type: string,
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
    const packageType = (await storeSpellings(trx, [type]))(type);
    const isNew = await putKitRows(trx, { packageType, items, time: stock.time });
    await settle([packageType]);
    return { kit: await requireKit(trx, packageType), isNew };
  });
}
