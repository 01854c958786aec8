import { columnTypes, isPostgres } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  // sorts as SQLite does, whatever the locale of the server
  const key = isPostgres(db) ? sql`text collate "C"` : sql`text`;
  await db.schema
    .createTable('items')
    .addColumn('id', ...id)
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('name_key', key, (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('sku', key, (column) => column.notNull().unique())
    .addColumn('price_cents', 'bigint', (column) => column.notNull())
    .addColumn('cost_cents', 'bigint')
    .addColumn('quantity', 'bigint', (column) => column.notNull())
    .addColumn('min_quantity', 'integer', (column) => column.notNull())
    .addColumn('max_quantity', 'integer')
    .addColumn('is_active', 'integer', (column) => column.notNull())
    .addColumn('category', 'text')
    .addColumn('category_key', key)
    .addColumn('brand', 'text')
    .addColumn('brand_key', key)
    .addColumn('weight', 'double precision')
    .addColumn('dimensions', 'text')
    .addColumn('customer_id', reference)
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .addColumn('updated_at', timestamp, (column) => column.notNull())
    .addCheckConstraint('stock_is_never_below_zero', sql`quantity >= 0`)
    .execute();
  for (const column of [
    'name_key',
    'category_key',
    'brand_key',
    'customer_id',
    'price_cents',
    'is_active',
    'created_at',
  ] as const) {
    await db.schema.createIndex(`items_by_${column}`).on('items').columns([column, 'id']).execute();
  }
  await db.schema.createIndex('items_by_quantity').on('items').columns(['quantity', 'id']).execute();
  await sql`create index items_low on items (id) where quantity <= min_quantity`.execute(db);

  // no foreign key: movements outlive their item
  await db.schema
    .createTable('movements')
    .addColumn('id', ...id)
    .addColumn('item_id', reference, (column) => column.notNull())
    .addColumn('change', 'bigint', (column) => column.notNull())
    .addColumn('before', 'bigint', (column) => column.notNull())
    .addColumn('after', 'bigint', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('package_id', reference)
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('movements_by_item').on('movements').columns(['item_id', 'id']).execute();
}
