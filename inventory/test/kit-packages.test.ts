import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WelcomePackage } from '../src/package.ts';
import { changeStatus, contentOf, makePackage, makePackages, readPackage, takersOf } from './packaging.ts';
import {
  addItem,
  aPackage,
  changeQuantity,
  makeKit,
  postPackage,
  readItem,
  readMovements,
  startTestInventory,
  type TestInventory,
} from './start.ts';

describe.each(databases)('packages with a kit on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const add = async (quantity: number) => (await addItem(inventory, { quantity })).id;
  const kitOf = (...items: [item_id: number, quantity: number][]) =>
    makeKit(
      inventory,
      items.map(([item_id, quantity]) => ({ item_id, quantity })),
    );
  const post = (packageType: string, key?: string) => postPackage(inventory, aPackage({ packageType }), key);
  const stockOf = async (id: number) => (await readItem(inventory, id)).quantity;

  it('take their items from the stock, and list them', async () => {
    const mug = await addItem(inventory, { quantity: 10, name: 'Mug' });
    const tea = await addItem(inventory, { quantity: 10, name: 'Tea' });
    const { status, body } = await post(await kitOf([tea.id, 3], [mug.id, 1]));

    expect([status, body.status]).toEqual([201, 'received']);
    expect(await contentOf(inventory, body.id)).toStrictEqual([
      { item_id: mug.id, sku: mug.sku, name: 'Mug', quantity: 1 },
      { item_id: tea.id, sku: tea.sku, name: 'Tea', quantity: 3 },
    ]);
    expect([await stockOf(mug.id), await stockOf(tea.id)]).toEqual([9, 7]);
    expect((await readMovements(inventory, tea.id)).at(-1)).toMatchObject({
      change: -3,
      reason: 'packaged',
      package_id: body.id,
    });
  });

  it('are backordered and take nothing if one item is short by one', async () => {
    const [mug, tea] = [await add(10), await add(2)];
    const { status, headers, body } = await post(await kitOf([mug, 1], [tea, 3]));

    expect([status, headers.get('Location'), body.status]).toEqual([201, `/packages/${body.id}`, 'backordered']);
    expect(await readPackage(inventory, body.id)).toEqual(body);
    expect(await contentOf(inventory, body.id)).toEqual([]);
    expect([await stockOf(mug), await stockOf(tea)]).toEqual([10, 2]);
    expect(await readMovements(inventory, mug)).toHaveLength(1);
  });

  it('take the last of the stock', async () => {
    const mug = await add(3);
    const packages = await makePackages(inventory, await kitOf([mug, 3]), 2);

    expect(packages.map(({ status }) => status)).toEqual(['received', 'backordered']);
    expect(await stockOf(mug)).toBe(0);
  });

  it('take nothing if their type has no kit', async () => {
    const mug = await add(3);
    const kit = await kitOf([mug, 1]);
    const made = await makePackage(inventory, `${kit} of another name`);

    expect([made.status, await contentOf(inventory, made.id), await stockOf(mug)]).toEqual(['received', [], 3]);
  });

  it('give their items back when they are cancelled, even above the maximum', async () => {
    const [mug, tea] = [await add(5), await add(5)];
    const made = await makePackage(inventory, await kitOf([mug, 1], [tea, 4]));
    await call(inventory, `PUT /api/v1/items/${tea}`, { body: { max_quantity: 2 } });

    expect((await changeStatus(inventory, made.id, 'cancelled')).status).toBe(200);

    expect([await stockOf(mug), await stockOf(tea)]).toEqual([5, 5]);
    expect((await readMovements(inventory, tea)).at(-1)).toMatchObject({
      change: 4,
      reason: 'cancelled',
      package_id: made.id,
    });
  });

  it('give nothing back and are never filled if they are cancelled while backordered', async () => {
    const [mug, tea] = [await add(5), await add(0)];
    const made = await makePackage(inventory, await kitOf([mug, 1], [tea, 4]));

    expect((await changeStatus(inventory, made.id, 'cancelled')).status).toBe(200);
    await changeQuantity(inventory, tea, { quantity_change: 9 });

    expect([await stockOf(mug), await stockOf(tea)]).toEqual([5, 9]);
    expect((await readPackage(inventory, made.id)).status).toBe('cancelled');
  });

  it('protect their items from deletion until they are shipped, and keep only the item id after it', async () => {
    const mug = await add(5);
    const type = await kitOf([mug, 2]);
    const made = await makePackage(inventory, type);
    await call(inventory, `DELETE /api/v1/kits/${encodeURIComponent(type)}`);

    const statuses = [];
    for (const next of ['packed', 'shipped', 'delivered']) {
      statuses.push((await call(inventory, `DELETE /api/v1/items/${mug}`)).status);
      await changeStatus(inventory, made.id, next);
    }

    expect(statuses).toEqual([409, 409, 204]);
    expect(await contentOf(inventory, made.id)).toEqual([{ item_id: mug, sku: null, name: null, quantity: 2 }]);
  });

  it('take nothing again when they are requested again, backordered or not', async () => {
    const mug = await add(3);
    const type = await kitOf([mug, 2]);
    for (const status of ['received', 'backordered']) {
      const given = aPackage({ packageType: type });
      const { body } = await postPackage(inventory, given, randomUUID());

      const again = await Promise.all(Array.from({ length: 5 }, () => postPackage(inventory, given)));

      expect(again).toMatchObject(Array(5).fill({ status: 200, body: { ...body, status } }));
    }

    expect(await takersOf(inventory, mug)).toHaveLength(1);
    await changeQuantity(inventory, mug, { quantity_change: 10 });
    expect(await takersOf(inventory, mug)).toHaveLength(2);
    expect(await stockOf(mug)).toBe(9);
  });

  it('take nothing if the Idempotency-Key belongs to a different request', async () => {
    const mug = await add(10);
    const [type, key] = [await kitOf([mug, 1]), randomUUID()];
    const { body: made } = await post(type, key);

    const answers = await Promise.all(Array.from({ length: 10 }, () => post(type, key)));

    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(422));
    expect([await stockOf(mug), await takersOf(inventory, mug)]).toEqual([9, [made.id]]);
  });

  it('are received as far as the stock suffices when forty are requested concurrently', async () => {
    const [mug, tea] = [await add(1000), await add(44)];
    const type = await kitOf([mug, 1], [tea, 3]);

    const answers = await Promise.all(Array.from({ length: 40 }, () => post(type)));

    const packages: WelcomePackage[] = answers.map(({ body }) => body).sort((a, b) => a.id - b.id);
    const statuses = packages.map(({ status }) => status);
    expect(statuses).toEqual([...Array(14).fill('received'), ...Array(26).fill('backordered')]);
    expect(await takersOf(inventory, tea)).toEqual(packages.slice(0, 14).map(({ id }) => id));
    expect([await stockOf(mug), await stockOf(tea)]).toEqual([986, 2]);
  });

  it('of a batch are received in order as far as the stock suffices, one per customer', async () => {
    const mug = await add(5);
    const type = await kitOf([mug, 2]);
    const [first, ...others] = Array.from({ length: 4 }, () => aPackage({ packageType: type }));
    const packages = [first, {}, first, ...others, aPackage()];

    const { results } = (await call(inventory, 'POST /packages/batch', { body: { packages } })).body;

    expect(results).toMatchObject([
      { status: 201, package: { status: 'received' } },
      { status: 400 },
      { status: 200, package: { status: 'received' } },
      { status: 201, package: { status: 'received' } },
      { status: 201, package: { status: 'backordered' } },
      { status: 201, package: { status: 'backordered' } },
      { status: 201, package: { status: 'received' } },
    ]);
    expect(await stockOf(mug)).toBe(1);
    expect(await takersOf(inventory, mug)).toEqual([results[0].package.id, results[3].package.id]);
  });

  it('can be requested in the older shape', async () => {
    const mug = await add(1);
    const type = await kitOf([mug, 1]);
    const ask = () => {
      const { customerId: customer_id } = aPackage();
      return call(inventory, 'POST /package_requests', { body: { customer_id, package_type: type } });
    };
    const answers = [await ask(), await ask()];

    expect(answers).toMatchObject([
      { status: 201, body: { package_type: type, status: 'received' } },
      { status: 201, body: { package_type: type, status: 'backordered' } },
    ]);
    expect(await takersOf(inventory, mug)).toEqual([answers[0]?.body.id]);
  });
});
