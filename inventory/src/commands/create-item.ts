import type { InventoryContext } from '../context.ts';
import { insertItems, refuseTakenSku, requireItem, toColumns, toVersion } from '../db/items.ts';
import type { ItemInput, ItemVersion } from '../item.ts';
import { reasons } from '../movement.ts';
import { writeStock } from '../stock/write-stock.ts';
import { type Made, once } from './once.ts';

/**
 * Adds an item. A second call adds nothing: with the same idempotency key it returns the item as it was added.
 * @throws AppError `conflict` with `existing_id` if the sku is taken, or `unprocessable` if the key was used for a
 * different request.
 */
export function createItem(
  context: InventoryContext,
  input: ItemInput,
  idempotencyKey: string | undefined,
): Promise<Made<ItemVersion>> {
  return writeStock(context, ({ trx, stock, settle }) =>
    once(trx, { idempotencyKey, request: { newItem: givenIn(input) } }, async () => {
      const [row] = await insertItems(trx, [toColumns(input)], stock.time);
      if (!row) return refuseTakenSku(trx, input.sku);
      if (input.quantity === 0) return toVersion(row);
      await stock.load([row]);
      stock.change(row.id, { by: input.quantity }, { reason: reasons.created });
      await settle();
      return toVersion(await requireItem(trx, row.id));
    }),
  );
}

/** In a fixed order and without nulls, so that a field that a later release adds changes no stored fingerprint. */
function givenIn(input: ItemInput): object {
  return Object.fromEntries(
    Object.entries(input)
      .filter(([, value]) => value !== null)
      .sort(),
  );
}
