import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { toForeignId } from '@doorstep/kit/http/foreign-id.ts';
import { alikeKey, searchKey } from '@doorstep/kit/text/fold.ts';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { fromCents, type Item, type ItemChange, type ItemInput, type ItemVersion, toCents } from '../item.ts';
import { count } from './count.ts';
import type { InventoryDatabase } from './schema.ts';

export type ItemRow = Selectable<InventoryDatabase['items']>;
type NewItem = Insertable<InventoryDatabase['items']>;
export type Columns = Omit<NewItem, 'id' | 'version' | 'created_at' | 'updated_at' | 'quantity'>;

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
    customer_id: customer_id === null ? null : toForeignId(customer_id),
    created_at,
    updated_at,
  };
}

export function toVersion(row: ItemRow): ItemVersion {
  return { item: toItem(row), version: row.version };
}

/** The columns of the given fields. The stock is not among them, because only `openStock` changes it. */
export function toColumns(given: ItemInput): Columns;
export function toColumns(given: ItemChange): Partial<Columns>;
export function toColumns({ quantity, price, cost, is_active, customer_id, ...given }: ItemChange): Partial<Columns> {
  const { name, sku, category, brand } = given;
  const columns = {
    ...given,
    ...(name !== undefined && { name_key: searchKey(name) }),
    ...(sku !== undefined && { sku_key: alikeKey(sku) }),
    ...(category !== undefined && { category_key: category && alikeKey(category) }),
    ...(brand !== undefined && { brand_key: brand && alikeKey(brand) }),
    ...(price !== undefined && { price_cents: toCents(price) }),
    ...(cost !== undefined && { cost_cents: cost === null ? null : toCents(cost) }),
    ...(customer_id !== undefined && { customer_id: customer_id === null ? null : String(customer_id) }),
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

/** The columns of a bulk write. `key`: the position of a new item, or the id of an existing one; `at`: the time. */
const columnTypes = {
  key: 'bigint',
  at: 'timestamptz',
  name: 'text',
  name_key: 'text',
  description: 'text',
  sku: 'text',
  sku_key: 'text',
  price_cents: 'bigint',
  cost_cents: 'bigint',
  min_quantity: 'integer',
  max_quantity: 'integer',
  is_active: 'integer',
  category: 'text',
  category_key: 'text',
  brand: 'text',
  brand_key: 'text',
  weight: 'double precision',
  dimensions: 'text',
  customer_id: 'text',
} as const satisfies Record<'key' | 'at' | keyof Columns, string>;

const { key: _key, at: _at, ...writtenTypes } = columnTypes;
const written = Object.keys(writtenTypes) as (keyof typeof writtenTypes)[];

type WrittenRow = { key: number; at: string } & Pick<ItemRow, keyof typeof writtenTypes>;

function asTable(trx: Transaction<InventoryDatabase>, rows: ({ key: number } & Columns)[], at: string) {
  const picked = rows.map((row) => {
    return { key: row.key, at, ...Object.fromEntries(written.map((name) => [name, row[name]])) };
  });
  return jsonTable(trx, picked as WrittenRow[], columnTypes);
}

/** Inserts items with an empty stock, in order, and returns them. Skips items whose sku is taken, or looks like a taken one. */
export function insertItems(trx: Transaction<InventoryDatabase>, items: Columns[], time: string): Promise<ItemRow[]> {
  const given = asTable(
    trx,
    items.map((columns, place) => ({ key: place, ...columns })),
    time,
  );
  return trx
    .insertInto('items')
    .columns([...written, 'quantity', 'created_at', 'updated_at'])
    .expression((eb) =>
      eb
        .selectFrom(given.as('given'))
        .select([...written, sql<number>`0`.as('quantity'), 'at as created_at', 'at as updated_at'])
        .where('key', 'is not', null) // without a WHERE, SQLite parses ON CONFLICT as a join condition
        .orderBy('key'),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .execute();
}

/** Updates all columns except the stock, and increments the version. */
export async function updateItems(
  trx: Transaction<InventoryDatabase>,
  rows: ({ id: number } & Columns)[],
  time: string,
): Promise<void> {
  if (rows.length === 0) return;
  const given = asTable(
    trx,
    rows.map((row) => ({ ...row, key: row.id })),
    time,
  );
  const values = written.map((name) => sql`${sql.ref(name)} = ${sql.ref(`given.${name}`)}`);
  await sql`
    update items set ${sql.join(values)}, updated_at = given.at, version = version + 1
      from ${given} as given where given.key = items.id`.execute(trx);
}

/** Finds the item that has exactly this sku, or else the item whose sku looks alike. */
export type FindItem = (sku: string) => ItemRow | undefined;

/** Reads the items of a few hundred skus at most. */
export async function readItemsBySku(db: Kysely<InventoryDatabase>, skus: string[]): Promise<FindItem> {
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .where((eb) => eb.or([eb('sku_key', 'in', skus.map(alikeKey)), eb('sku', 'in', skus)]))
    .execute();
  const exact = new Map(rows.map((row) => [row.sku, row]));
  const alike = new Map(rows.map((row) => [row.sku_key, row]));
  return (sku) => exact.get(sku) ?? alike.get(alikeKey(sku));
}

/** @throws AppError `conflict` with the id of the item that has the sku. */
export async function refuseTakenSku(db: Kysely<InventoryDatabase>, sku: string): Promise<never> {
  const owner = (await readItemsBySku(db, [sku]))(sku);
  throw new AppError('conflict', 'An item with this sku already exists', {
    members: { ...(owner && { existing_id: owner.id }) },
  });
}

/** The given ids that no item has. Pass a few hundred at most. */
export async function missingItems(db: Kysely<InventoryDatabase>, ids: number[]): Promise<number[]> {
  const rows = await db.selectFrom('items').select('id').where('id', 'in', ids).execute();
  const there = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => !there.has(id));
}

export async function deleteItemRow(trx: Transaction<InventoryDatabase>, id: number): Promise<void> {
  await trx.deleteFrom('items').where('id', '=', id).execute();
}

export function countLowItems(db: Kysely<InventoryDatabase>): Promise<number> {
  return count(db.selectFrom('items').where(isLowInStock).where('is_active', '=', 1));
}

/** Repeats the condition of a partial index literally, so that the index is used. */
export const isLowInStock = sql<boolean>`quantity <= min_quantity`;

export function countItems(db: Kysely<InventoryDatabase>): Promise<number> {
  return count(db.selectFrom('items'));
}
