import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { alikeKey, searchFold } from '@doorstep/kit/text/fold.ts';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { InventoryDatabase } from '../src/db/schema.ts';
import type { Item } from '../src/item.ts';
import { anItem, aPackage, postPackage, readPackages, startInventoryOn } from './start.ts';

const migrations = join(import.meta.dirname, '../migrations');
const at = '2026-01-31T12:00:00.000Z';
const olderKey = (text: string) => text.normalize('NFC').toLowerCase().replaceAll('ς', 'σ');

type Older = { sku: string; name?: string; category?: string | null };

async function addOlderItems(db: Kysely<InventoryDatabase>, items: Older[]) {
  const rows = items.map(({ sku, name = 'Mug', category = null }) => {
    const category_key = category && olderKey(category);
    const stock = { price_cents: 100, quantity: 5, min_quantity: 0, is_active: 1 };
    return { name, name_key: olderKey(name), sku, category, category_key, ...stock, created_at: at, updated_at: at };
  });
  for (let first = 0; first < rows.length; first += 500) {
    await db
      .insertInto('items')
      .values(rows.slice(first, first + 500) as never)
      .execute();
  }
}

/** A database from before texts that look alike were one. */
async function leaveOlderDatabase(
  { url, dataDir }: FreshDatabase,
  fill: (db: Kysely<InventoryDatabase>) => Promise<void>,
) {
  const folder = join(dataDir, 'older-migrations');
  await mkdir(folder);
  for (const name of (await readdir(migrations)).filter((file) => file < '0007')) {
    await writeFile(join(folder, name), `export { up } from ${JSON.stringify(join(migrations, name))};\n`);
  }
  const options = { url, schema: 'inventory', migrations: folder, onError: () => undefined };
  const { db, close } = await openDatabase<InventoryDatabase>(options);
  await fill(db);
  await close();
}

async function migrated({ url }: FreshDatabase) {
  const notices: string[] = [];
  const onNotice = (sentence: string) => notices.push(sentence);
  const options = { url, schema: 'inventory', migrations, onError: () => undefined, onNotice };
  const { db, close } = await openDatabase<InventoryDatabase>(options);
  const items = await db.selectFrom('items').selectAll().orderBy('id').execute();
  await close();
  return { items, notices };
}

describe.each(databases)('an Inventory from before texts that look alike were one, on %s,', (kind) => {
  it('gets the new keys in every item, and keeps everything else', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    const categories = ['Küche', 'ｇａｒｄｅｎ', null];
    const given = Array.from({ length: 2_500 }, (_, index) => ({
      name: `Émile’s cup ${index}`,
      sku: `Ä-${index}`,
      category: categories[index % 3] ?? null,
    }));
    await leaveOlderDatabase(database, (db) => addOlderItems(db, given));

    const { items, notices } = await migrated(database);

    const wrong = items.filter(({ name, name_key, sku, sku_key, category, category_key }) => {
      return (
        name_key !== searchFold(name) || sku_key !== alikeKey(sku) || category_key !== (category && alikeKey(category))
      );
    });
    expect([wrong, notices]).toEqual([[], []]);
    expect(items.map(({ name, sku, category }) => ({ name, sku, category }))).toEqual(given);
  });

  it('keeps items whose skus become the same, and names the later ones', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    const skus = ['MUG-01', 'CUP-01', 'mug-01', 'MUG-01\u00ad'];
    await leaveOlderDatabase(database, (db) =>
      addOlderItems(
        db,
        skus.map((sku) => ({ sku })),
      ),
    );

    const { items, notices } = await migrated(database);

    expect(items.map(({ sku }) => sku)).toEqual(skus);
    expect(new Set(items.map(({ sku_key }) => sku_key)).size).toBe(4);
    expect(notices).toEqual([
      'item 3 (mug-01) has the same sku as item 1 (MUG-01) now; both are kept. Give one of them another sku',
      'item 4 (MUG-01\u00ad) has the same sku as item 1 (MUG-01) now; both are kept. Give one of them another sku',
    ]);

    await using inventory = await startInventoryOn(database);
    const put = (id: number, body: object) => call(inventory, `PUT /api/v1/items/${id}`, { body });
    const taken = { status: 409, body: { existing_id: 1 } };
    expect(await call(inventory, 'POST /api/v1/items', { body: anItem({ sku: 'Mug-01' }) })).toMatchObject(taken);
    expect(await put(2, { sku: 'MUG-01' })).toMatchObject(taken);
    expect(await put(1, { sku: 'mug-01' })).toMatchObject({ status: 409, body: { existing_id: 3 } });
    expect(await put(3, { sku: 'mug-01', price: 2 })).toMatchObject({ status: 200, body: { price: 2 } });
    expect(await put(3, { sku: 'Mug-01' })).toMatchObject(taken);
    expect(await put(3, { sku: 'MUG-03' })).toMatchObject({ status: 200, body: { sku: 'MUG-03' } });
    expect(await put(2, { sku: 'mug-03' })).toMatchObject({ status: 409, body: { existing_id: 3 } });
  });

  it('keeps packages of types that look alike, and each customer keeps one of each', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    await leaveOlderDatabase(database, async (db) => {
      const types: [customer: string, type: string][] = [
        ['1', 'zo\u00eb'],
        ['1', 'zoe\u0308'],
        ['2', 'zoe\u0308'],
        ['1', 'ZO\u00cb'],
      ];
      for (const [customer_id, package_type] of types) {
        const row = { customer_id, customer_name: 'Zoë', package_type, status: 'received' as const, created_at: at };
        await db.insertInto('packages').values(row).execute();
      }
      await sql`insert into kits (package_type, updated_at) values ('Box', ${at})`.execute(db);
    });

    const { notices } = await migrated(database);

    expect(notices).toEqual([
      'the package type "zoe\u0308" looks like "zo\u00eb"; both are kept, and another spelling means the first',
    ]);
    await using inventory = await startInventoryOn(database);
    const statusOf = async (customerId: number, packageType: string) =>
      (await postPackage(inventory, aPackage({ customerId, packageType }))).status;
    const kept = [await statusOf(1, 'zo\u00eb'), await statusOf(1, 'zoe\u0308'), await statusOf(2, 'zoe\u0308')];
    expect(kept).toEqual([200, 200, 200]);
    const { status, body } = await postPackage(inventory, aPackage({ customerId: 3, packageType: 'zoë\u200b' }));
    expect([status, body.packageType]).toEqual([201, 'zoë']);
    expect(await readPackages(inventory)).toHaveLength(5);
    const { body: boxed } = await postPackage(inventory, aPackage({ packageType: 'Ｂｏｘ' }));
    expect(boxed.packageType).toBe('Box');
  });

  it('finds its items by the new search', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    await leaveOlderDatabase(database, (db) =>
      addOlderItems(db, [
        { sku: '1', name: 'Émile’s cup', category: 'ｇａｒｄｅｎ' },
        { sku: '2', name: 'Zange' },
        { sku: '3', name: 'Äxte' },
      ]),
    );
    await using inventory = await startInventoryOn(database);
    const found = async (query: string) =>
      (await call(inventory, `GET /api/v1/items?${query}`)).body.items.map(({ id }: Item) => id);

    expect(await found(`name=${encodeURIComponent("emile's")}`)).toEqual([1]);
    expect(await found('category=Garden')).toEqual([1]);
    expect(await found('sort=name')).toEqual([3, 1, 2]);
  });
});
