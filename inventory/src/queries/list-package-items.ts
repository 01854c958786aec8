import type { InventoryContext } from '../context.ts';
import { requirePackage } from '../db/packages.ts';

/** The items that a package has taken, even if it gave them back. @throws AppError `not_found` */
export async function listPackageItems({ db }: Pick<InventoryContext, 'db'>, packageId: number) {
  await requirePackage(db, packageId);
  return db
    .selectFrom('package_items')
    .leftJoin('items', 'items.id', 'package_items.item_id')
    .select(['package_items.item_id', 'items.sku', 'items.name', 'package_items.quantity'])
    .where('package_items.package_id', '=', packageId)
    .orderBy('package_items.item_id')
    .execute();
}
