import { columnTypes } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('kits')
    .addColumn('id', ...id)
    .addColumn('package_type', 'text', (column) => column.notNull().unique())
    .addColumn('updated_at', timestamp, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('kit_items')
    .addColumn('kit_id', reference, (column) => column.notNull().references('kits.id').onDelete('cascade'))
    .addColumn('item_id', reference, (column) => column.notNull().references('items.id'))
    .addColumn('quantity', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('kit_items_pkey', ['kit_id', 'item_id'])
    .execute();
  await db.schema.createIndex('kit_items_by_item').on('kit_items').columns(['item_id']).execute();

  // recorded per package, because the kit may change later
  await db.schema
    .createTable('package_items')
    .addColumn('package_id', reference, (column) => column.notNull().references('packages.id'))
    .addColumn('item_id', reference, (column) => column.notNull())
    .addColumn('quantity', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('package_items_pkey', ['package_id', 'item_id'])
    .execute();
  await db.schema.createIndex('package_items_by_item').on('package_items').columns(['item_id', 'package_id']).execute();
  await db.schema.createIndex('packages_by_status').on('packages').columns(['status', 'id']).execute();
  await sql`create index packages_backordered on packages (package_type, id) where status = 'backordered'`.execute(db);
}
