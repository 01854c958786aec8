import type { InventoryContext } from '../context.ts';
import { allWaitingTypes } from '../db/backorders.ts';
import { writeStock } from './write-stock.ts';

/** Fills back-orders in one transaction. Returns whether more may be fillable. Safe to repeat. */
export async function fillWaiting(context: InventoryContext): Promise<boolean> {
  const types = await allWaitingTypes(context.db);
  return types.length > 0 && (await writeStock(context, ({ settle }) => settle(types)));
}
