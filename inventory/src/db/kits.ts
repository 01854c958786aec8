import { AppError } from '@doorstep/kit/errors.ts';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Kit, KitItem } from '../kit.ts';
import type { InventoryDatabase } from './schema.ts';

/** Selects one row per item of a kit; `toKits` groups them. */
export function readKits(db: Kysely<InventoryDatabase>) {
  return db
    .selectFrom('kits')
    .innerJoin('kit_items', 'kit_items.kit_id', 'kits.id')
    .innerJoin('items', 'items.id', 'kit_items.item_id')
    .select(['kits.id', 'kits.package_type', 'kits.updated_at'])
    .select(['kit_items.item_id', 'kit_items.quantity', 'items.is_active'])
    .orderBy('kits.id')
    .orderBy('kit_items.item_id');
}

type KitRow = Omit<Kit, 'items'> & KitItem & { is_active: number };

export function toKits(rows: KitRow[]): Kit[] {
  return [...Map.groupBy(rows, ({ id }) => id).values()].map((group) => {
    const [{ id, package_type, updated_at }] = group as [KitRow];
    const items = group.map(({ item_id, quantity, is_active }) => {
      return { item_id, quantity, ...(is_active === 0 && { is_active: false as const }) };
    });
    return { id, package_type, items, updated_at };
  });
}

/** @throws AppError `not_found` */
export async function requireKit(db: Kysely<InventoryDatabase>, packageType: string): Promise<Kit> {
  const [kit] = toKits(await readKits(db).where('package_type', '=', packageType).execute());
  if (!kit) throw new AppError('not_found', 'Kit not found');
  return kit;
}

/** The kits of these package types, and the stock of their items. A type without a kit is missing. */
export async function readKitsWithStock(db: Kysely<InventoryDatabase>, types: string[]) {
  const rows = await db
    .selectFrom('kits')
    .innerJoin('kit_items', 'kit_items.kit_id', 'kits.id')
    .innerJoin('items', 'items.id', 'kit_items.item_id')
    .select([
      'kits.package_type',
      'kit_items.quantity as wanted',
      'items.id',
      'items.sku',
      'items.name',
      'items.quantity',
      'items.min_quantity',
      'items.is_active',
    ])
    .where('kits.package_type', 'in', types)
    .orderBy('items.id')
    .execute();
  const kits = new Map<string, KitItem[]>();
  for (const [type, group] of Map.groupBy(rows, ({ package_type }) => package_type)) {
    kits.set(
      type,
      group.map(({ id, wanted }) => ({ item_id: id, quantity: wanted })),
    );
  }
  return { kits, stocked: rows };
}

/** Ids per query. */
const idsMax = 500;

export async function typesWithItems(db: Kysely<InventoryDatabase>, itemIds: number[]): Promise<Set<string>> {
  const types = new Set<string>();
  for (let at = 0; at < itemIds.length; at += idsMax) {
    const rows = await db
      .selectFrom('kit_items')
      .innerJoin('kits', 'kits.id', 'kit_items.kit_id')
      .select('kits.package_type')
      .distinct()
      .where('kit_items.item_id', 'in', itemIds.slice(at, at + idsMax))
      .execute();
    for (const { package_type } of rows) types.add(package_type);
  }
  return types;
}

export function findKitWith(
  db: Kysely<InventoryDatabase>,
  itemId: number,
): Promise<{ package_type: string } | undefined> {
  return db
    .selectFrom('kit_items')
    .innerJoin('kits', 'kits.id', 'kit_items.kit_id')
    .select('kits.package_type')
    .where('kit_items.item_id', '=', itemId)
    .executeTakeFirst();
}

/** Creates or replaces the kit of a type. Returns whether it is new. */
export async function putKitRows(
  trx: Transaction<InventoryDatabase>,
  { packageType, items, time }: { packageType: string; items: KitItem[]; time: string },
): Promise<boolean> {
  const existing = await trx
    .updateTable('kits')
    .set({ updated_at: time })
    .where('package_type', '=', packageType)
    .returning('id')
    .executeTakeFirst();
  const { id } =
    existing ??
    (await trx
      .insertInto('kits')
      .values({ package_type: packageType, updated_at: time })
      .returning('id')
      .executeTakeFirstOrThrow());
  await trx.deleteFrom('kit_items').where('kit_id', '=', id).execute();
  await trx
    .insertInto('kit_items')
    .values(items.map((item) => ({ kit_id: id, ...item })))
    .execute();
  return existing === undefined;
}

/** Returns whether the kit existed. */
export async function deleteKitRows(trx: Transaction<InventoryDatabase>, packageType: string): Promise<boolean> {
  const deleted = await trx
    .deleteFrom('kits')
    .where('package_type', '=', packageType)
    .returning(sql`1`.as('one'))
    .executeTakeFirst();
  return deleted !== undefined;
}
