import type { InventoryContext } from '../context.ts';
import { allWaitingTypes } from '../db/backorders.ts';
import { writeStock } from './write-stock.ts';

/** Fills some of the packages that wait and can be filled. Gives whether there may be more. Safe to repeat. */
export async function fillWaiting(context: InventoryContext): Promise<boolean> {
  const types = await allWaitingTypes(context.db);
  return types.length > 0 && (await writeStock(context, ({ settle }) => settle(types)));
}
