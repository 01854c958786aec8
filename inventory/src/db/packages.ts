import { AppError } from '@doorstep/kit/errors.ts';
import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { PackageStatus } from '../package.ts';
import type { InventoryDatabase } from './schema.ts';

export type PackageRow = Selectable<InventoryDatabase['packages']>;
type NewPackage = Insertable<InventoryDatabase['packages']>;

export type Insertion = { row: PackageRow; isNew: boolean };

/**
 * Inserts packages, at most 500, and gives for each, in order, its row or the one that was there already. Two that are
 * alike make one. Safe against others that insert the same at the same time, and safe to repeat.
 */
export async function insertPackages(db: Kysely<InventoryDatabase>, packages: NewPackage[]): Promise<Insertion[]> {
  if (packages.length === 0) return [];
  const inserted = await db
    .insertInto('packages')
    .values(packages)
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
    if (!row) throw new Error(`no package of customer ${wanted.customer_id}, though inserting one met a conflict`);
    return { row, isNew: isNew.delete(row.id) };
  });
}

/** @throws AppError `not_found` */
export async function requirePackage(db: Kysely<InventoryDatabase>, id: number): Promise<PackageRow> {
  const row = await db.selectFrom('packages').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found', 'Package not found');
  return row;
}

/** At most 500. */
export async function updateStatuses(
  trx: Transaction<InventoryDatabase>,
  ids: number[],
  status: PackageStatus,
): Promise<void> {
  if (ids.length === 0) return;
  await trx.updateTable('packages').set({ status }).where('id', 'in', ids).execute();
}

async function findExisting(db: Kysely<InventoryDatabase>, wanted: NewPackage[]): Promise<PackageRow[]> {
  const customersByType = Map.groupBy(wanted, ({ package_type }) => package_type);
  const rows: PackageRow[] = [];
  for (const [type, packages] of customersByType) {
    const customers = packages.map(({ customer_id }) => customer_id);
    rows.push(
      ...(await db
        .selectFrom('packages')
        .selectAll()
        .where('package_type', '=', type)
        .where('customer_id', 'in', customers)
        .execute()),
    );
  }
  return rows;
}

function pairKey({ customer_id, package_type }: Pick<NewPackage, 'customer_id' | 'package_type'>): string {
  return `${customer_id} ${package_type}`;
}
