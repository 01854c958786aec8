import type { KitItem } from '../kit.ts';
import { reasons } from '../movement.ts';
import type { Shortage } from '../stock-news.ts';
import type { Stock } from './open-stock.ts';

/** Takes all items of a kit, or takes nothing and returns the first item that is short. */
export function takeKit(stock: Stock, packageId: number, wanted: KitItem[]): Shortage | undefined {
  const short = stock.shortOf(wanted);
  if (short) return short;
  for (const { item_id, quantity } of wanted) {
    stock.change(item_id, { by: -quantity }, { reason: reasons.packaged, packageId });
  }
  return undefined;
}
