import { contains } from '@doorstep/kit/database/contains.ts';
import type { ForeignId } from '@doorstep/kit/http/foreign-id.ts';
import { alikeKey } from '@doorstep/kit/text/fold.ts';
import { type Kysely, sql } from 'kysely';
import type { InventoryContext } from '../context.ts';
import { count } from '../db/count.ts';
import { toItem } from '../db/items.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import { toCents } from '../item.ts';

export type ItemFilter = {
  name?: string | undefined;
  category?: string | undefined;
  brand?: string | undefined;
  is_active?: boolean | undefined;
  customer_id?: ForeignId | undefined;
  min_price?: number | undefined;
  max_price?: number | undefined;
  min_quantity?: number | undefined;
  max_quantity?: number | undefined;
};

export type ItemQuery = ItemFilter & {
  page: number;
  size: number;
  sort: { field: keyof typeof sortColumns; direction: 'asc' | 'desc' };
};

const sortColumns = {
  id: 'id',
  name: 'name_key',
  sku: 'sku',
  price: 'price_cents',
  quantity: 'quantity',
  created_at: 'created_at',
} as const;

/**
 * A page of items. `name` finds any part of the name, ignoring case and accents. `category` and `brand` match as a whole,
 * if they look alike. The limits of price and quantity are inclusive.
 */
export async function listItems({ db }: Pick<InventoryContext, 'db'>, { page, size, sort, ...filter }: ItemQuery) {
  const column = sortColumns[sort.field];
  // ids first, from an index if there is one: OFFSET reads every row that it skips
  const ids = matching(db, filter)
    .select('id')
    .orderBy(column, sort.direction)
    .orderBy('id', sort.direction)
    .limit(size)
    .offset((page - 1) * size);
  const rows = await db
    .selectFrom('items')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy(column, sort.direction)
    .orderBy('id', sort.direction)
    .execute();
  const isWhole = page === 1 && rows.length < size;
  return { items: rows.map(toItem), total: isWhole ? rows.length : await count(matching(db, filter)) };
}

function matching(db: Kysely<InventoryDatabase>, filter: ItemFilter) {
  const { name, category, brand, is_active, customer_id, min_price, max_price, min_quantity, max_quantity } = filter;
  let query = db.selectFrom('items');
  if (name) query = query.where(contains('name_key', name));
  if (category !== undefined) query = query.where('category_key', '=', alikeKey(category));
  if (brand !== undefined) query = query.where('brand_key', '=', alikeKey(brand));
  if (is_active !== undefined) query = query.where(isActive(filter), '=', is_active ? 1 : 0);
  if (customer_id !== undefined) query = query.where('customer_id', '=', String(customer_id));
  if (min_price !== undefined) query = query.where('price_cents', '>=', toCents(min_price));
  if (max_price !== undefined) query = query.where('price_cents', '<=', toCents(max_price));
  if (min_quantity !== undefined) query = query.where('quantity', '>=', min_quantity);
  if (max_quantity !== undefined) query = query.where('quantity', '<=', max_quantity);
  return query;
}

/** The + keeps the planner from the index of active items: a category, brand or customer has fewer rows. */
function isActive({ category, brand, customer_id }: ItemFilter) {
  const isNarrow = category !== undefined || brand !== undefined || customer_id !== undefined;
  return isNarrow ? sql<number>`+is_active` : sql.ref<number>('is_active');
}
