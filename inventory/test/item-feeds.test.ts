import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { addItem, changeQuantity, startTestInventory, type TestInventory } from './start.ts';

const stocks: [quantity: number, minimum: number][] = [
  [0, 0],
  [1, 0],
  [4, 5],
  [5, 5],
  [6, 5],
  [0, 3],
  [1000, 1_000_000_000],
  [1_000_000_000, 0],
  [2, 1],
];

describe.each(databases)('the feeds of items on %s', (kind) => {
  let inventory: TestInventory;
  /** The owner is customer 7, customer 8 or nobody in turn; every third item is inactive. */
  let all: Item[];
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    all = [];
    for (const [index, [quantity, min_quantity]] of stocks.entries()) {
      const customer_id = [7, 8, null][index % 3];
      all.push(await addItem(inventory, { quantity, min_quantity, customer_id, is_active: index % 3 < 2 }));
    }
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const get = (path: string) => call(inventory, `GET /api/v1/items/${path}`);
  const nextOf = ({ headers }: { headers: Headers }) => /^<(.+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
  /** The low items, without those of other tests. */
  const lowStock = async (query = '') => {
    const { status, body } = await get(`low-stock/${query}`);
    expect(status).toBe(200);
    return body.filter(({ id }: Item) => id <= (all.at(-1)?.id ?? 0));
  };

  /** Follows the links from a first page to the last. */
  async function readPages(path: string): Promise<Item[][]> {
    const page = await call(inventory, `GET ${path}`);
    const next = nextOf(page);
    return [page.body, ...(next === undefined ? [] : await readPages(next))];
  }

  it.each(['customer/7', 'customer/7/', 'customer/7?after=0&limit=1000'])(
    'return the items of a customer at %s',
    async (path) => {
      const page = await get(path);

      expect([page.status, nextOf(page)]).toEqual([200, undefined]);
      expect(page.body).toStrictEqual(all.filter(({ customer_id }) => customer_id === 7));
    },
  );

  it('return the items of a customer page by page', async () => {
    const mine = all.filter(({ customer_id }) => customer_id === 8);

    const page = await get('customer/8/?limit=2');

    expect(nextOf(page)).toBe(`/api/v1/items/customer/8?after=${mine[1]?.id}&limit=2`);
    expect(await readPages('/api/v1/items/customer/8?limit=2')).toEqual([mine.slice(0, 2), mine.slice(2)]);
    expect(await readPages('/api/v1/items/customer/8?limit=1')).toEqual(mine.map((item) => [item]));
    expect(await readPages(`/api/v1/items/customer/8?after=${mine[0]?.id}&limit=2`)).toEqual([mine.slice(1)]);
  });

  it('follow a change of owner', async () => {
    const { id } = await addItem(inventory, { customer_id: 71 });
    const idsOf = async (customer: number) => (await get(`customer/${customer}`)).body.map((item: Item) => item.id);

    await call(inventory, `PUT /api/v1/items/${id}`, { body: { customer_id: 72 } });
    expect([await idsOf(71), await idsOf(72)]).toEqual([[], [id]]);

    await call(inventory, `DELETE /api/v1/items/${id}`);
    expect(await idsOf(72)).toEqual([]);
  });

  it.each(['999999999', '99999999999999999999999', '7?after=9007199254740991'])(
    'are empty for customer %s',
    async (rest) => {
      expect(await get(`customer/${rest}`)).toMatchObject({ status: 200, body: [] });
    },
  );

  it.each(['low-stock', 'low-stock/'])('return at %s the active items at or below their own minimum', async (path) => {
    const { status, body } = await get(`${path}?limit=1000`);

    expect(status).toBe(200);
    expect(body.slice(0, 3)).toStrictEqual([0, 3, 6].map((index) => all[index]));
  });

  it.each([
    [0, [0]],
    [1, [0, 1]],
    [5, [0, 1, 3]],
    [1_000_000_000, [0, 1, 3, 4, 6, 7]],
  ])('return the active items at or below the threshold %i, whatever their own minimum', async (threshold, indexes) => {
    expect(await lowStock(`?threshold=${threshold}`)).toStrictEqual(indexes.map((index) => all[index]));
  });

  it('return low items page by page, with the same threshold', async () => {
    const page = await get('low-stock/?threshold=5&limit=2');

    expect(page.body).toEqual([all[0], all[1]]);
    expect(nextOf(page)?.split('?')[0]).toBe('/api/v1/items/low-stock');
    const query = new URLSearchParams({ after: String(all[1]?.id), limit: '2', threshold: '5' });
    expect(new Set(new URLSearchParams(nextOf(page)?.split('?')[1]))).toEqual(new Set(query));
    const pages = (await readPages('/api/v1/items/low-stock?threshold=5&limit=2')).flat();
    expect(pages).toEqual((await get('low-stock?threshold=5')).body);
    const ownMinimum = (await readPages('/api/v1/items/low-stock?limit=3')).flat();
    expect(ownMinimum).toEqual((await get('low-stock')).body);
  });

  it('return an item only while it is low', async () => {
    const { id } = await addItem(inventory, { quantity: 10, min_quantity: 5 });
    const isLow = async () => (await get(`low-stock?after=${id - 1}&limit=1`)).body[0]?.id === id;
    const put = (body: unknown) => call(inventory, `PUT /api/v1/items/${id}`, { body });
    const seen = [await isLow()];

    for (const step of [
      () => changeQuantity(inventory, id, { quantity_change: -5 }),
      () => changeQuantity(inventory, id, { quantity_change: 1 }),
      () => put({ min_quantity: 6 }),
      () => put({ min_quantity: 5 }),
      () => put({ quantity: 0 }),
      () => call(inventory, `DELETE /api/v1/items/${id}`),
    ]) {
      await step();
      seen.push(await isLow());
    }

    expect(seen).toEqual([false, true, false, true, false, true, false]);
  });

  const feedLimits = [
    ['limit=0', 'limit must be a whole number from 1 to 1000'],
    ['limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['after=-1', 'after must be a whole number from 0 to 9007199254740991'],
    ['after=x', 'after must be a whole number from 0 to 9007199254740991'],
  ];
  const thresholds = ['-1', '1.5', 'x', '1000000001'];
  it.each([
    ['customer/%207', 'customer_id must be an integer, or a text of 1 to 100 visible characters'],
    ['customer/7%0A/', 'customer_id must be an integer, or a text of 1 to 100 visible characters'],
    ...feedLimits.flatMap(([query, detail]) => [
      [`customer/7?${query}`, detail],
      [`low-stock/?${query}`, detail],
    ]),
    ...thresholds.map((value) => [
      `low-stock/?threshold=${value}`,
      'threshold must be a whole number from 0 to 1000000000',
    ]),
  ])('reject %s', async (path, detail) => {
    expect(await get(path ?? '')).toMatchObject({ status: 400, body: { title: 'Bad Request', detail } });
  });
});
