import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { searchFold } from '@doorstep/kit/text/fold.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InventoryDatabase } from '../src/db/schema.ts';
import type { Item } from '../src/item.ts';
import { addItem, startInventoryOn, startTestInventory, type TestInventory } from './start.ts';

const names = [
  'Mug',
  'mug, blue',
  'SMUG',
  'Émile’s cup',
  'émile’s saucer',
  'zoë',
  'Zange',
  '_x',
  '10 cups',
  'İzmir',
  '李',
  '🎁',
];
const categories = [null, 'Kitchen', 'KITCHEN', 'Küche', 'kuche', 'garden'];
const brands = [null, 'Acme', 'ACME Ltd', 'Ü&Ö'];
const prices = [0.01, 0.1, 0.29, 0.3, 0.31, 1, 9.99, 10, 19.99, 20, 999_999_999.99];
const quantities = [0, 1, 5, 9, 10, 11, 1_000_000_000];
const skus = ['b', 'A', 'é', 'Z', '_', '10', '9', '🎁'];
/** Every name five times, in an order that no column sorts by. */
const given = Array.from({ length: 60 }, (_, index) => ({
  name: names[(index * 7) % 12],
  sku: `${skus[index % 8]}-${index}`,
  price: prices[(index * 3) % 11],
  quantity: quantities[(index * 3) % 7],
  category: categories[(index * 5) % 6],
  brand: brands[Math.floor(index / 2) % 4],
  is_active: index % 3 > 0,
  customer_id: [null, 1, 2, 3][Math.floor(index / 3) % 4],
}));

const digits = (value: number) => String(value).padStart(12, '0');
const keys: Record<string, (item: Item) => string> = {
  id: ({ id }) => digits(id),
  name: ({ name }) => searchFold(name),
  sku: ({ sku }) => sku,
  price: ({ price }) => digits(Math.round(price * 100)),
  quantity: ({ quantity }) => digits(quantity),
  created_at: ({ created_at }) => created_at,
};
const filters: [name: string, value: string, meets: (item: Item) => boolean][] = [
  ['name', 'M', ({ name }) => /m/i.test(name)],
  ['name', '0', ({ name }) => name.includes('0')],
  ['category', 'kitchen', ({ category }) => category === 'Kitchen' || category === 'KITCHEN'],
  ['brand', 'ü&ö', ({ brand }) => brand === 'Ü&Ö'],
  ['is_active', 'true', ({ is_active }) => is_active],
  ['is_active', 'false', ({ is_active }) => !is_active],
  ['is_active', 'yes', ({ is_active }) => is_active],
  ['is_active', '0', ({ is_active }) => !is_active],
  ['customer_id', '2', ({ customer_id }) => customer_id === 2],
  ['min_price', '0.3', ({ price }) => price >= 0.3],
  ['min_price', '19.99', ({ price }) => price >= 19.99],
  ['max_price', '0.29', ({ price }) => price <= 0.29],
  ['max_price', '10.00', ({ price }) => price <= 10],
  ['min_quantity', '9', ({ quantity }) => quantity >= 9],
  ['max_quantity', '9', ({ quantity }) => quantity <= 9],
];

describe.each(databases)('the list of items on %s', (kind) => {
  let inventory: TestInventory;
  let all: Item[];
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    await Promise.all(given.map((item) => addItem(inventory, item)));
    await scatterTimes(inventory.database);
    all = (await list('size=100')).body.items;
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const list = (query = '', path = '/api/v1/items') => call(inventory, `GET ${path}?${query}`);
  const byKey = (field: string) => (a: Item, b: Item) =>
    Buffer.compare(Buffer.from(keys[field]?.(a) ?? ''), Buffer.from(keys[field]?.(b) ?? '')) || a.id - b.id;
  const idsOf = (items: Item[]) => items.map(({ id }) => id);

  it.each(['/api/v1/items', '/api/v1/items/'])('returns the first ten at %s by default', async (path) => {
    const { status, body } = await list('', path);

    expect(status).toBe(200);
    expect(body).toStrictEqual({ items: all.slice(0, 10), total: 60, page: 1, size: 10, pages: 6 });
    expect(idsOf(all)).toEqual(given.map((_, index) => index + 1));
    expect(new Set(all.map(({ sku }) => sku))).toEqual(new Set(given.map(({ sku }) => sku)));
  });

  it('returns the items that match each filter and each pair of filters', async () => {
    const asked = filters.flatMap((one, index) => [
      [one],
      ...filters.slice(index + 1).flatMap((other) => (other[0] === one[0] ? [] : [[one, other]])),
    ]);
    const queries = asked.map((terms) => String(new URLSearchParams(terms.map(([name, value]) => [name, value]))));
    const expected = asked.map((terms) => all.filter((item) => terms.every(([, , meets]) => meets(item))));

    const answers = await Promise.all(queries.map((query) => list(`${query}&size=100`)));

    expect(answers.map(({ body }, index) => [queries[index], body.total, idsOf(body.items)])).toEqual(
      expected.map((items, index) => [queries[index], items.length, idsOf(items)]),
    );
    const telling = expected.filter(({ length }) => length > 0 && length < 60);
    expect(telling.length).toBeGreaterThan(asked.length * 0.8);
  });

  it('returns the items that match all filters at once', async () => {
    for (const item of all.filter(({ category, brand, customer_id }) => category && brand && customer_id)) {
      const { name, category, brand, is_active, customer_id, price, quantity } = item;
      const terms = { name, category, brand, is_active, customer_id, min_price: price, max_price: price };
      const query = Object.entries({ ...terms, min_quantity: quantity, max_quantity: quantity })
        .map(([key, value]) => `${key}=${encodeURIComponent(value ?? '')}`)
        .join('&');
      expect((await list(query)).body).toMatchObject({ items: [item], total: 1 });
    }
  });

  it('counts an empty filter as absent', async () => {
    const empty = [...new Set(filters.map(([name]) => name)), 'sort', 'page', 'size'].map((name) => `${name}=`);

    expect((await list(empty.join('&'))).body).toStrictEqual((await list()).body);
    expect((await list('name=a&min_price=&max_price=')).body).toStrictEqual((await list('name=a')).body);
  });

  it.each(['id', 'name', 'sku', 'price', 'quantity', 'created_at'])(
    'sorted by %s is the same on every database, reversed and filtered too',
    async (field) => {
      const part = all.filter(({ is_active, quantity }) => is_active && quantity >= 5);
      for (const [items, query] of [
        [all, ''],
        [part, '&is_active=true&min_quantity=5'],
      ] as const) {
        const expected = items.toSorted(byKey(field));
        for (const [sort, order] of [
          [field, expected],
          [`-${field}`, expected.toReversed()],
        ] as const) {
          const pages = Math.ceil(items.length / 13);
          const asked = Array.from({ length: pages }, (_, index) =>
            list(`sort=${sort}&size=13&page=${index + 1}${query}`),
          );
          const bodies = (await Promise.all(asked)).map(({ body }) => body);
          expect(bodies.flatMap((body) => idsOf(body.items))).toEqual(idsOf(order));
          expect(bodies.map(({ items: _, ...rest }) => rest)).toEqual(
            bodies.map((_, index) => ({ total: items.length, page: index + 1, size: 13, pages })),
          );
        }
      }
      const isOfEachAlone = ['id', 'sku'].includes(field);
      expect(new Set(all.map((item) => keys[field]?.(item))).size === all.length).toBe(isOfEachAlone);
    },
  );

  it.each([
    ['page=7', { items: [], total: 60, page: 7, size: 10, pages: 6 }],
    ['page=2&size=60', { items: [], total: 60, page: 2, size: 60, pages: 1 }],
    ['page=1000000000&size=100&sort=-name', { items: [], total: 60, page: 1_000_000_000, size: 100, pages: 1 }],
    ['page=9&name=smug', { items: [], total: 5, page: 9, size: 10, pages: 1 }],
    ['name=nothing', { items: [], total: 0, page: 1, size: 10, pages: 0 }],
    ['min_price=0.02&max_price=0.09', { items: [], total: 0, page: 1, size: 10, pages: 0 }],
    ['min_quantity=10&max_quantity=9', { items: [], total: 0, page: 1, size: 10, pages: 0 }],
    ['customer_id=999999999', { items: [], total: 0, page: 1, size: 10, pages: 0 }],
  ])('is empty for ?%s, with the correct total', async (query, body) => {
    expect(await list(query)).toMatchObject({ status: 200, body });
  });

  it('has pages of one and of a hundred items', async () => {
    const last = { items: all.slice(59), total: 60, page: 60, size: 1, pages: 60 };

    expect((await list('size=1&page=60')).body).toStrictEqual(last);
    expect((await list('size=100&page=1')).body).toStrictEqual({ items: all, total: 60, page: 1, size: 100, pages: 1 });
  });
});

describe('the list of items on a PostgreSQL with a dictionary collation', () => {
  it('has the same order as on any other database', async () => {
    await using resources = new AsyncDisposableStack();
    const fresh = resources.use(await freshDatabase('postgres'));
    const { db, close } = await openInventoryDatabase(fresh);
    resources.defer(close);
    const name = `icu_${new URL(fresh.url).pathname.slice(1)}`;
    await sql`create database ${sql.ref(name)} template template0 locale_provider icu icu_locale 'en-US'`.execute(db);
    resources.defer(async () => void (await sql`drop database ${sql.ref(name)} with (force)`.execute(db)));
    const inventory = resources.use(await startInventoryOn({ ...fresh, url: fresh.url.replace(/[^/]+$/, name) }));
    for (const text of ['é', 'z', 'B', 'a-b', 'aa', '_x']) await addItem(inventory, { name: text, sku: text });

    const orderBy = async (sort: 'name' | 'sku') =>
      (await call(inventory, `GET /api/v1/items?sort=${sort}`)).body.items.map((item: Item) => item[sort]);
    expect(await orderBy('name')).toEqual(['_x', 'a-b', 'aa', 'B', 'é', 'z']);
    expect(await orderBy('sku')).toEqual(['B', '_x', 'a-b', 'aa', 'z', 'é']);
  });
});

function openInventoryDatabase({ url }: FreshDatabase) {
  const migrations = join(import.meta.dirname, '../migrations');
  return openDatabase<InventoryDatabase>({ url, schema: 'inventory', migrations, onError: () => undefined });
}

/** Spreads the creation times over seven days, not in id order. */
async function scatterTimes(database: FreshDatabase): Promise<void> {
  const { db, close } = await openInventoryDatabase(database);
  const day = sql<string>`'2026-01-1' || ((id * 5) % 7) || 'T12:00:00.000Z'`;
  await db
    .updateTable('items')
    .set({ created_at: sql`cast(${day} as ${sql.raw(database.url.startsWith('postgres') ? 'timestamptz' : 'text')})` })
    .execute();
  await close();
}
