import type { InventoryContext } from '../context.ts';
import { type ItemRow, readItemsBySku, refuseTakenSku, requireItem } from '../db/items.ts';
import type { ItemChange } from '../item.ts';
import { reasons } from '../movement.ts';
import { changeItems, planChange } from '../stock/plan-change.ts';
import { writeStock } from '../stock/write-stock.ts';

export type ItemToChange = {
  id: number;
  /** Throws if the caller expects another version. */
  requireVersion: (version: number) => void;
};

/**
 * Changes the given fields. Safe to repeat: an equal value is not a change.
 * @throws AppError `not_found`, `precondition_failed`, `invalid` if the stock limits contradict each other, or
 * `conflict` if the sku is taken or the stock would be above its limit.
 */
export function updateItem(
  context: InventoryContext,
  { id, requireVersion }: ItemToChange,
  change: ItemChange,
): Promise<ItemRow> {
  return writeStock(context, async ({ trx, stock, settle }) => {
    const before = await requireItem(trx, id);
    requireVersion(before.version);
    if (change.sku !== undefined && change.sku !== before.sku) {
      const owner = (await readItemsBySku(trx, [change.sku]))(change.sku);
      if (owner && owner.id !== id) return refuseTakenSku(trx, change.sku);
    }
    const plan = planChange(before, change);
    if (!plan) return before;
    await changeItems({ trx, stock }, [plan], reasons.adjusted);
    await settle();
    return requireItem(trx, id);
  });
}
