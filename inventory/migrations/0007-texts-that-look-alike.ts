import { columnTypes, isPostgres } from '@doorstep/kit/database/columns.ts';
import type { Notice } from '@doorstep/kit/database/migrate.ts';
import { refillColumns } from '@doorstep/kit/database/refill-columns.ts';
import { separateTwins, type Twin } from '@doorstep/kit/database/twins.ts';
import { alikeKey, searchKey, seenForm } from '@doorstep/kit/text/fold.ts';
import { type Kysely, sql } from 'kysely';

/**
 * Skus, categories, brands and package types that look alike are one, and a search ignores accents. Items whose skus
 * become the same are all kept: the first one is found by the sku, the others by their own spelling of it.
 */
export async function up(db: Kysely<never>, onNotice: Notice): Promise<void> {
  // bytewise, as SQLite compares, whatever the locale of the server
  const key = isPostgres(db) ? sql`text collate "C"` : sql`text`;
  await db.schema
    .alterTable('items')
    .addColumn('sku_key', key, (column) => column.notNull().defaultTo(''))
    .execute();
  for (const column of textKeys) await sql`drop index ${sql.ref(`items_by_${column}`)}`.execute(db);
  await refillColumns(db, {
    table: 'items',
    from: ['name', 'sku', 'category', 'brand'],
    into: ['sku_key', ...textKeys],
    compute: ({ name, sku, category, brand }) => ({
      sku_key: alikeKey(sku),
      name_key: searchKey(name),
      category_key: category && alikeKey(category),
      brand_key: brand && alikeKey(brand),
    }),
  });
  await separateTwins(db, {
    table: 'items',
    column: 'sku_key',
    onTwins: (twins) => reportTwins(db, twins, onNotice),
  });
  await sql`create unique index items_sku on items (sku_key)`.execute(db);
  for (const column of textKeys) {
    await db.schema.createIndex(`items_by_${column}`).on('items').columns([column, 'id']).execute();
  }
  await collectPackageTypes(db, onNotice);
}

const textKeys = ['name_key', 'category_key', 'brand_key'] as const;

async function reportTwins(db: Kysely<never>, twins: Twin[], onNotice: Notice): Promise<void> {
  const ids = twins.flatMap(({ id, first }) => [id, first]);
  const { rows } = await sql<{ id: number; sku: string }>`
    select id, sku from items where id in (${sql.join(ids)})`.execute(db);
  const skus = new Map(rows.map(({ id, sku }) => [id, sku]));
  for (const { id, first } of twins) {
    onNotice(
      `item ${id} (${skus.get(id)}) has the same sku as item ${first} (${skus.get(first)}) now; both are kept. Give one of them another sku`,
    );
  }
}

async function collectPackageTypes(db: Kysely<never>, onNotice: Notice): Promise<void> {
  await db.schema
    .createTable('package_types')
    .addColumn('id', ...columnTypes(db).id)
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('key', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('package_types_by_key').on('package_types').columns(['key', 'id']).execute();
  const { rows } = await sql<{ name: string }>`
    select package_type as name, min(id) as first, 1 as rank from packages group by package_type
    union all select package_type, id, 2 from kits order by rank, first`.execute(db);
  const firsts = new Map<string, string>();
  for (const name of new Set(rows.map((row) => row.name))) {
    const key = seenForm(name);
    const first = firsts.get(key) ?? name;
    firsts.set(key, first);
    await sql`insert into package_types (name, key) values (${name}, ${key})`.execute(db);
    if (first !== name) {
      onNotice(
        `the package type ${JSON.stringify(name)} looks like ${JSON.stringify(first)}; both are kept, and another spelling means the first`,
      );
    }
  }
}
