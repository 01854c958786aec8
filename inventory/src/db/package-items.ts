import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Transaction } from 'kysely';
import type { KitItem } from '../kit.ts';
import { heldStatuses } from '../package.ts';
import type { InventoryDatabase } from './schema.ts';

type PackageItem = InventoryDatabase['package_items'];
const columns = { package_id: 'bigint', item_id: 'bigint', quantity: 'integer' } as const;

export async function insertPackageItems(trx: Transaction<InventoryDatabase>, rows: PackageItem[]): Promise<void> {
  if (rows.length === 0) return;
  const names = ['package_id', 'item_id', 'quantity'] as const;
  await trx
    .insertInto('package_items')
    .columns([...names])
    .expression((eb) => eb.selectFrom(jsonTable(trx, rows, columns).as('taken')).select(names))
    .execute();
}

/** Forgets what a cancelled package had taken. */
export async function deletePackageItems(trx: Transaction<InventoryDatabase>, packageId: number): Promise<void> {
  await trx.deleteFrom('package_items').where('package_id', '=', packageId).execute();
}

/** The items that a package has taken, except deleted ones. */
export function listTaken(db: Kysely<InventoryDatabase>, packageId: number): Promise<KitItem[]> {
  return db
    .selectFrom('package_items')
    .innerJoin('items', 'items.id', 'package_items.item_id')
    .select(['package_items.item_id', 'package_items.quantity'])
    .where('package_id', '=', packageId)
    .orderBy('item_id')
    .execute();
}

/** A package that has taken the item and is not shipped yet. */
export function findHolder(db: Kysely<InventoryDatabase>, itemId: number): Promise<{ id: number } | undefined> {
  return db
    .selectFrom('package_items')
    .innerJoin('packages', 'packages.id', 'package_items.package_id')
    .select('packages.id')
    .where('package_items.item_id', '=', itemId)
    .where('packages.status', 'in', heldStatuses)
    .executeTakeFirst();
}
