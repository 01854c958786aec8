import type { InventoryContext } from '../context.ts';
import { backorderedTypes } from '../db/backorders.ts';
import { writeStock } from './write-stock.ts';

/** Fills some of all back-orders that can be filled; who is told of it hears whether there may be more. Safe to repeat. */
export async function fillWaiting(context: InventoryContext): Promise<void> {
  await writeStock(context, async ({ trx, settle }) => settle([...(await backorderedTypes(trx))]));
}
