import type { Transaction } from 'kysely';
import { listBackorders } from '../db/backorders.ts';
import { readKitsWithStock } from '../db/kits.ts';
import { insertPackageItems } from '../db/package-items.ts';
import { updateStatuses } from '../db/packages.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import type { Stock } from '../db/stock.ts';
import type { KitItem } from '../kit.ts';
import { takeKit } from './take-kit.ts';

/** Bounds how long one transaction keeps other writers waiting; the rest follows in others. */
const filledMax = 500;

/**
 * Fills packages of these types, the oldest first, for as long as there is enough. A type that is short stays so, so that
 * none of its younger packages passes an older one.
 */
export async function fillBackorders(
  trx: Transaction<InventoryDatabase>,
  stock: Stock,
  types: string[],
): Promise<{ filled: number[]; isUnfinished: boolean }> {
  const { kits, stocked } = await readKitsWithStock(trx, types);
  await stock.load(stocked);
  // without a kit a package takes nothing, so that nothing is short
  const kitOf = (type: string) => kits.get(type) ?? [];
  const open = new Set(types.filter((type) => !stock.shortOf(kitOf(type))));
  const filled: { id: number; taken: KitItem[] }[] = [];
  for (let after = 0; open.size > 0 && filled.length < filledMax; ) {
    const waiting = await listBackorders(trx, [...open], { after, limit: filledMax - filled.length });
    if (waiting.length === 0) break;
    for (const { id, package_type } of waiting) {
      after = id;
      if (!open.has(package_type)) continue;
      const wanted = kitOf(package_type);
      if (takeKit(stock, id, wanted)) open.delete(package_type);
      else filled.push({ id, taken: wanted });
    }
  }
  const ids = filled.map(({ id }) => id);
  await updateStatuses(trx, ids, 'received');
  await insertPackageItems(
    trx,
    filled.flatMap(({ id, taken }) => taken.map((item) => ({ package_id: id, ...item }))),
  );
  return { filled: ids, isUnfinished: filled.length === filledMax };
}
