import type { InventoryContext } from '../context.ts';
import { requireItem, toVersion } from '../db/items.ts';
import type { ItemVersion } from '../item.ts';
import { reasons } from '../movement.ts';
import { requireRoom } from '../stock/require-room.ts';
import { writeStock } from '../stock/write-stock.ts';
import { type Keyed, type Made, once } from './once.ts';
import type { ItemToChange } from './update-item.ts';

export type QuantityChange = ({ by: number } | { to: number }) & { reason?: string | undefined };

/**
 * Changes a stock and fills back-orders from it; returns the item with the stock that is left. A second call changes it
 * again, even with `to` if back-orders took from the stock in between. A caller that does not know whether its first
 * call succeeded repeats it with the same idempotency key, or requires the version.
 * @throws AppError `not_found`, `precondition_failed`, `conflict` if the stock would be negative or above its limit, or
 * `unprocessable` if the key was used for a different request.
 */
export function changeQuantity(
  context: InventoryContext,
  { id, requireVersion, idempotencyKey }: ItemToChange & Keyed,
  change: QuantityChange,
): Promise<Made<ItemVersion>> {
  return writeStock(context, ({ trx, stock, settle }) =>
    // before the version is compared: the first use has changed it
    once(trx, { idempotencyKey, request: { quantityOf: id, ...change } }, async () => {
      const row = await requireItem(trx, id);
      requireVersion(row.version);
      const by = 'by' in change ? change.by : change.to - row.quantity;
      if (by === 0) return toVersion(row);
      requireRoom(row, row.quantity + by);
      await stock.load([row]);
      stock.change(id, { by }, { reason: change.reason ?? reasons.adjusted });
      await settle();
      return toVersion(await requireItem(trx, id));
    }),
  );
}
