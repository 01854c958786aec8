import { waitingTypes } from '../db/backorders.ts';
import { readKitsWithStock } from '../db/kits.ts';
import { insertPackageItems } from '../db/package-items.ts';
import { type PackageRow, updateStatuses } from '../db/packages.ts';
import { takeKit } from './take-kit.ts';
import type { StockWrite } from './write-stock.ts';

/**
 * Takes the kits of received packages, oldest first, from the stock. A package that is short of an item, or behind an
 * older back-order of its type, takes nothing and becomes backordered. Returns the ids of those.
 */
export async function takeKits(
  { trx, stock, backordered }: StockWrite,
  packages: Pick<PackageRow, 'id' | 'package_type'>[],
): Promise<Set<number>> {
  const types = [...new Set(packages.map(({ package_type }) => package_type))];
  if (types.length === 0) return new Set();
  const { kits, stocked } = await readKitsWithStock(trx, types);
  if (kits.size === 0) return new Set();
  await stock.load(stocked);
  // a package waits behind the back-orders of its type, even if there is enough for it
  const queued = await waitingTypes(trx, kits.keys());
  const taken = [];
  const short = new Set<number>();
  for (const { id, package_type } of packages.toSorted((a, b) => a.id - b.id)) {
    const wanted = kits.get(package_type) ?? [];
    const isFirst = !queued.has(package_type);
    if (isFirst && !takeKit(stock, id, wanted)) {
      taken.push(...wanted.map((item) => ({ package_id: id, ...item })));
      continue;
    }
    queued.add(package_type);
    short.add(id);
    backordered.push({ packageId: id, packageType: package_type, short: stock.shortOf(wanted), isFirst });
  }
  await updateStatuses(trx, [...short], 'backordered');
  await insertPackageItems(trx, taken);
  return short;
}
