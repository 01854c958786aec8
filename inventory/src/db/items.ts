import { AppError } from '@doorstep/kit/errors.ts';
import { searchFold } from '@doorstep/kit/fold.ts';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { fromCents, type Item, type ItemChange, type ItemInput, toCents } from '../item.ts';
import type { InventoryDatabase } from './schema.ts';

export type ItemRow = Selectable<InventoryDatabase['items']>;
type NewItem = Insertable<InventoryDatabase['items']>;
type Columns = Omit<NewItem, 'id' | 'version' | 'created_at' | 'updated_at' | 'quantity'>;

/** An item as the API shows it. */
export function toItem(row: ItemRow): Item {
  const { id, name, description, sku, price_cents, cost_cents, quantity, min_quantity, max_quantity, ...rest } = row;
  const { is_active, category, brand, weight, dimensions, customer_id, created_at, updated_at } = rest;
  return {
    id,
    name,
    description,
    sku,
    price: fromCents(price_cents),
    cost: cost_cents === null ? null : fromCents(cost_cents),
    quantity,
    min_quantity,
    max_quantity,
    is_active: is_active === 1,
    category,
    brand,
    weight,
    dimensions,
    customer_id,
    created_at,
    updated_at,
  };
}

/** The columns of what is given; the stock is not among them, for nothing but `openStock` changes it. */
export function toColumns(given: ItemInput): Columns;
export function toColumns(given: ItemChange): Partial<Columns>;
export function toColumns({ quantity, price, cost, is_active, ...given }: ItemChange): Partial<Columns> {
  const { name, category, brand } = given;
  const columns = {
    ...given,
    ...(name !== undefined && { name_key: searchFold(name) }),
    ...(category !== undefined && { category_key: category && searchFold(category) }),
    ...(brand !== undefined && { brand_key: brand && searchFold(brand) }),
    ...(price !== undefined && { price_cents: toCents(price) }),
    ...(cost !== undefined && { cost_cents: cost === null ? null : toCents(cost) }),
    ...(is_active !== undefined && { is_active: is_active ? 1 : 0 }),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/** @throws AppError `not_found` */
export async function requireItem(db: Kysely<InventoryDatabase>, id: number): Promise<ItemRow> {
  const row = await db.selectFrom('items').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found', 'Item not found');
  return row;
}

/** Inserts an item with nothing in stock, or gives undefined where its sku is taken. */
export function insertItem(
  trx: Transaction<InventoryDatabase>,
  columns: Columns,
  time: string,
): Promise<ItemRow | undefined> {
  return trx
    .insertInto('items')
    .values({ ...columns, quantity: 0, created_at: time, updated_at: time })
    .onConflict((conflict) => conflict.column('sku').doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** Changes columns of an item, whose version moves on with it. */
export async function updateItemColumns(
  trx: Transaction<InventoryDatabase>,
  { id, time }: { id: number; time: string },
  columns: Partial<Columns>,
): Promise<void> {
  await trx
    .updateTable('items')
    .set({ ...columns, updated_at: time, version: sql`version + 1` })
    .where('id', '=', id)
    .execute();
}

export function findItemBySku(db: Kysely<InventoryDatabase>, sku: string): Promise<ItemRow | undefined> {
  return db.selectFrom('items').selectAll().where('sku', '=', sku).executeTakeFirst();
}

/** @throws AppError `conflict`, naming the item that has the sku. */
export async function refuseTakenSku(db: Kysely<InventoryDatabase>, sku: string): Promise<never> {
  const owner = await findItemBySku(db, sku);
  throw new AppError('conflict', 'An item with this sku already exists', {
    members: { ...(owner && { existing_id: owner.id }) },
  });
}

/** Those of the ids, at most some hundreds, that no item has. */
export async function missingItems(db: Kysely<InventoryDatabase>, ids: number[]): Promise<number[]> {
  const rows = await db.selectFrom('items').select('id').where('id', 'in', ids).execute();
  const there = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => !there.has(id));
}

export async function deleteItemRow(trx: Transaction<InventoryDatabase>, id: number): Promise<void> {
  await trx.deleteFrom('items').where('id', '=', id).execute();
}
