import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Movement } from '../src/movement.ts';
import { changeStatus, makePackage, makePackages } from './packaging.ts';
import {
  addItem,
  anItem,
  changeQuantity,
  makeKit,
  readItem,
  readMovements,
  startTestInventory,
  type TestInventory,
} from './start.ts';

describe.each(databases)('the movements of an item on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const add = (quantity: number) => addItem(inventory, { quantity });
  const read = (id: number) => readMovements(inventory, id);
  const change = (id: number, body: unknown) => changeQuantity(inventory, id, body);

  it('begin with the initial stock', async () => {
    const { id, created_at } = await add(40);

    const { status, headers, body } = await call(inventory, `GET /api/v1/items/${id}/movements`);

    expect([status, headers.get('Link')]).toEqual([200, null]);
    expect(body).toStrictEqual([
      {
        id: expect.any(Number),
        item_id: id,
        change: 40,
        before: 0,
        after: 40,
        reason: 'created',
        package_id: null,
        created_at,
      },
    ]);
  });

  it('are empty for an item without initial stock', async () => {
    const { id } = await add(0);

    expect(await call(inventory, `GET /api/v1/items/${id}/movements`)).toMatchObject({ status: 200, body: [] });
  });

  it('record each change of the stock, each starting where the one before ended', async () => {
    const { id } = await add(10);
    const type = await makeKit(inventory, [{ item_id: id, quantity: 3 }]);
    await change(id, { quantity_change: -2 });
    await call(inventory, `PUT /api/v1/items/${id}`, { body: { quantity: 5, price: 3 } });
    const made = await makePackage(inventory, type);
    await change(id, { quantity: 7, reason: 'stocktaking' });
    await changeStatus(inventory, made.id, 'cancelled');

    expect(
      (await read(id)).map(({ before, change, after, reason, package_id }) => [
        before,
        change,
        after,
        reason,
        package_id,
      ]),
    ).toEqual([
      [0, 10, 10, 'created', null],
      [10, -2, 8, 'adjusted', null],
      [8, -3, 5, 'adjusted', null],
      [5, -3, 2, 'packaged', made.id],
      [2, 5, 7, 'stocktaking', null],
      [7, 3, 10, 'cancelled', made.id],
    ]);
  });

  it('show new stock before the back-orders that it fills', async () => {
    const { id } = await add(0);
    const type = await makeKit(inventory, [{ item_id: id, quantity: 2 }]);
    const [first, second] = await makePackages(inventory, type, 2);

    await change(id, { quantity_change: 5, reason: 'delivery' });

    expect((await read(id)).map(({ before, after, package_id }) => [before, after, package_id])).toEqual([
      [0, 5, null],
      [5, 3, first?.id],
      [3, 1, second?.id],
    ]);
  });

  it('record nothing if the stock does not change', async () => {
    const { id } = await add(10);

    await change(id, { quantity_change: -11 });
    await change(id, { quantity: 10 });
    await call(inventory, `PUT /api/v1/items/${id}`, { body: { quantity: 10, name: 'Cup' } });
    await call(inventory, `PUT /api/v1/items/${id}`, { body: { quantity: 20, max_quantity: 15 } });

    expect((await read(id)).map(({ reason }) => reason)).toEqual(['created']);
  });

  it('of one item exclude those of another', async () => {
    const [one, other] = [await add(1), await add(2)];
    await Promise.all([change(one.id, { quantity_change: 10 }), change(other.id, { quantity_change: 20 })]);

    expect((await read(one.id)).map((movement) => movement.change)).toEqual([1, 10]);
    expect((await read(other.id)).map((movement) => movement.change)).toEqual([2, 20]);
  });

  it('are read page by page along the links', async () => {
    const { id } = await add(1);
    for (let count = 0; count < 4; count += 1) await change(id, { quantity_change: 1 });

    const pages: Movement[][] = [];
    for (let path: string | undefined = `/api/v1/items/${id}/movements?limit=2`; path; ) {
      const { headers, body } = await call(inventory, `GET ${path}`);
      pages.push(body);
      path = /^<(.*)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
    }

    expect(pages.map((page) => page.map(({ after }) => after))).toEqual([[1, 2], [3, 4], [5]]);
    expect(pages.flat()).toEqual(await read(id));
  });

  it('have no gap after sixty concurrent changes of every kind', async () => {
    const { id } = await add(20);
    const type = await makeKit(inventory, [{ item_id: id, quantity: 2 }]);

    await Promise.all(
      Array.from({ length: 15 }, (_, index) => [
        change(id, { quantity_change: 3 }),
        change(id, { quantity_change: -4 }),
        change(id, { quantity: index }),
        makePackage(inventory, type),
      ]).flat(),
    );

    const movements = await read(id);
    expect(movements.map(({ before }) => before)).toEqual([0, ...movements.slice(0, -1).map(({ after }) => after)]);
    expect(movements.filter(({ before, change, after }) => before + change !== after || after < 0)).toEqual([]);
    expect(movements.at(-1)?.after).toBe((await readItem(inventory, id)).quantity);
  });

  it('survive its deletion, and end with the removal of the remaining stock', async () => {
    const { id } = await add(10);
    await change(id, { quantity_change: -3 });
    const before = await read(id);

    expect((await call(inventory, `DELETE /api/v1/items/${id}`)).status).toBe(204);

    const last = { item_id: id, before: 7, change: -7, after: 0, reason: 'deleted', package_id: null };
    expect(await read(id)).toEqual([...before, expect.objectContaining(last)]);
  });

  it('record the deletion of an item that never had stock', async () => {
    const { id } = await add(0);
    await call(inventory, `DELETE /api/v1/items/${id}`);

    expect(await read(id)).toMatchObject([{ before: 0, change: 0, after: 0, reason: 'deleted' }]);
  });

  it('stay separate when a new item reuses the sku of a deleted one', async () => {
    const { sku, ...given } = anItem({ quantity: 5 });
    const first = await addItem(inventory, { ...given, sku });
    await call(inventory, `DELETE /api/v1/items/${first.id}`);

    const second = await addItem(inventory, { ...given, sku });

    expect(second.id).toBeGreaterThan(first.id);
    expect((await read(first.id)).map((movement) => movement.change)).toEqual([5, -5]);
    expect((await read(second.id)).map((movement) => movement.change)).toEqual([5]);
  });

  it('are empty after the last one, for a deleted item too', async () => {
    const { id } = await add(1);
    const path = `/api/v1/items/${id}/movements?after=${Number.MAX_SAFE_INTEGER}`;

    expect(await call(inventory, `GET ${path}`)).toMatchObject({ status: 200, body: [] });
    await call(inventory, `DELETE /api/v1/items/${id}`);
    expect(await call(inventory, `GET ${path}`)).toMatchObject({ status: 200, body: [] });
  });

  it.each([
    ['999999999', 404, 'Item not found'],
    ['99999999999999999999999', 404, 'Item not found'],
    ['0', 400, 'id must be a positive integer'],
    ['-1', 400, 'id must be a positive integer'],
    ['abc', 400, 'id must be a positive integer'],
  ])('are not found for %s, which never was an item', async (id, expected, detail) => {
    const { status, body } = await call(inventory, `GET /api/v1/items/${id}/movements`);

    expect([status, body.detail]).toEqual([expected, detail]);
  });
});
