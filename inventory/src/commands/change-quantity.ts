import type { InventoryContext } from '../context.ts';
import { type ItemRow, requireItem } from '../db/items.ts';
import { reasons } from '../movement.ts';
import { requireRoom } from '../stock/require-room.ts';
import { writeStock } from '../stock/write-stock.ts';
import type { ItemVersion } from './update-item.ts';

export type QuantityChange = ({ by: number } | { to: number }) & { reason?: string | undefined };

/**
 * Changes a stock and fills back-orders from it; returns the item with the stock that is left. A second call changes it
 * again, even with `to` if back-orders took from the stock in between. A caller that does not know whether its first
 * call succeeded must require the version.
 * @throws AppError `not_found`, `precondition_failed`, or `conflict` if the stock would be negative or above its limit.
 */
export function changeQuantity(
  context: InventoryContext,
  { id, requireVersion }: ItemVersion,
  change: QuantityChange,
): Promise<ItemRow> {
  return writeStock(context, async ({ trx, stock, settle }) => {
    const row = await requireItem(trx, id);
    requireVersion(row.version);
    const by = 'by' in change ? change.by : change.to - row.quantity;
    if (by === 0) return row;
    requireRoom(row, row.quantity + by);
    await stock.load([row]);
    stock.change(id, { by }, { reason: change.reason ?? reasons.adjusted });
    await settle();
    return requireItem(trx, id);
  });
}
