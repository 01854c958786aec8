import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { PackageStatus } from '../package.ts';
import type { InventoryDatabase } from './schema.ts';

export type PackageRow = Selectable<InventoryDatabase['packages']>;
type NewPackage = Omit<Insertable<InventoryDatabase['packages']>, 'id'>;

const columns = {
  customer_id: 'text',
  customer_name: 'text',
  package_type: 'text',
  status: 'text',
  created_at: 'timestamptz',
} as const;
const names = Object.keys(columns) as (keyof typeof columns)[];

export type Insertion = { row: PackageRow; isNew: boolean };

/**
 * Inserts at most 500 packages. Returns the row of each, in order: the new one or the existing one. Equal entries share
 * one row. Safe to repeat, and safe while others insert the same packages.
 */
export async function insertPackages(db: Kysely<InventoryDatabase>, packages: NewPackage[]): Promise<Insertion[]> {
  if (packages.length === 0) return [];
  const placed = packages.map((wanted, place) => ({ place, ...wanted }));
  const table = jsonTable(db, placed, { place: 'integer', ...columns });
  const inserted = await db
    .insertInto('packages')
    .columns(names)
    .expression((eb) => eb.selectFrom(table.as('wanted')).select(names).orderBy('place'))
    .onConflict((conflict) => conflict.columns(['customer_id', 'package_type']).doNothing())
    .returningAll()
    .execute();
  const isNew = new Set(inserted.map(({ id }) => id));
  const rows = new Map(inserted.map((row) => [pairKey(row), row]));
  for (const row of await findExisting(
    db,
    packages.filter((wanted) => !rows.has(pairKey(wanted))),
  )) {
    rows.set(pairKey(row), row);
  }
  return packages.map((wanted) => {
    const row = rows.get(pairKey(wanted));
    if (!row) throw new Error(`customer ${wanted.customer_id} has no package, although the insert met a conflict`);
    return { row, isNew: isNew.delete(row.id) };
  });
}

/** @throws AppError `not_found` */
export async function requirePackage(db: Kysely<InventoryDatabase>, id: number): Promise<PackageRow> {
  const row = await db.selectFrom('packages').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found', 'Package not found');
  return row;
}

/** `ids`: at most 500. */
export async function updateStatuses(
  trx: Transaction<InventoryDatabase>,
  ids: number[],
  status: PackageStatus,
): Promise<void> {
  if (ids.length === 0) return;
  await trx.updateTable('packages').set({ status }).where('id', 'in', ids).execute();
}

async function findExisting(db: Kysely<InventoryDatabase>, wanted: NewPackage[]): Promise<PackageRow[]> {
  if (wanted.length === 0) return [];
  const pairs = wanted.map(({ customer_id, package_type }) => ({ customer_id, package_type }));
  const table = jsonTable(db, pairs, { customer_id: 'text', package_type: 'text' });
  return db
    .selectFrom('packages')
    .innerJoin(table.as('wanted'), (join) =>
      join
        .onRef('wanted.customer_id', '=', 'packages.customer_id')
        .onRef('wanted.package_type', '=', 'packages.package_type'),
    )
    .selectAll('packages')
    .execute();
}

function pairKey({ customer_id, package_type }: Pick<NewPackage, 'customer_id' | 'package_type'>): string {
  // neither has a NUL, but both may have spaces
  return `${customer_id}\0${package_type}`;
}
