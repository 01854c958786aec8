import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { changeStatus, makePackage } from './packaging.ts';
import { addItem, anItem, makeKit, readItem, readMovements, startTestInventory, type TestInventory } from './start.ts';

describe.each(databases)('items on %s', (kind) => {
  let inventory: TestInventory;
  let mug: Item;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());
  beforeEach(async () => {
    mug = await addItem(inventory, { quantity: 10 });
  });

  const post = (body: unknown) => call(inventory, 'POST /api/v1/items/', { body });
  const put = (body: unknown, { id } = mug) => call(inventory, `PUT /api/v1/items/${id}`, { body });
  const remove = () => call(inventory, `DELETE /api/v1/items/${mug.id}`);
  const taken = (id: number) => {
    const detail = 'An item with this sku already exists';
    return { status: 409, body: { title: 'Conflict', detail, error: detail, existing_id: id } };
  };
  const countOf = async () => (await call(inventory, 'GET /api/v1/items')).body.total;

  it('have unique skus: a taken sku is rejected with the id of its item', async () => {
    const other = await addItem(inventory);
    const count = await countOf();

    expect(await post(anItem({ sku: mug.sku }))).toMatchObject(taken(mug.id));
    expect(await post(anItem({ sku: ` ${mug.sku}\n` }))).toMatchObject(taken(mug.id));
    expect(await put({ sku: mug.sku, price: 99, quantity: 0 }, other)).toMatchObject(taken(mug.id));

    expect(await countOf()).toBe(count);
    expect(await readItem(inventory, other.id)).toEqual(other);
  });

  it('can take an sku that another item has released', async () => {
    const { sku } = mug;
    await put({ sku: `${sku} once` });

    expect(await post(anItem({ sku }))).toMatchObject({ status: 201, body: { sku } });
    expect(await put({ sku, price: 1 })).toMatchObject({ status: 409 });
  });

  it('are added once by a hundred concurrent requests with one sku', async () => {
    const given = Array.from({ length: 100 }, (_, index) => anItem({ sku: `raced ${mug.id}`, quantity: index + 1 }));

    const answers = await Promise.all(given.map(post));

    const [made, ...others] = answers.filter(({ status }) => status === 201);
    expect(others).toEqual([]);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(99);
    for (const answer of refused) expect(answer).toMatchObject(taken(made?.body.id));
    expect(await readItem(inventory, made?.body.id)).toEqual(made?.body);
    expect((await readMovements(inventory, made?.body.id)).map(({ change }) => change)).toEqual([made?.body.quantity]);
  });

  it('take an sku once when twenty items and a new one request it concurrently', async () => {
    const items = await Promise.all(Array.from({ length: 20 }, () => addItem(inventory)));
    const sku = `wanted ${mug.id}`;

    const answers = await Promise.all([...items.map((item) => put({ sku, price: 99 }, item)), post(anItem({ sku }))]);

    const [won, ...others] = answers.filter(({ status }) => status < 300);
    expect(others).toEqual([]);
    for (const answer of answers) if (answer !== won) expect(answer).toMatchObject(taken(won?.body.id));
    const now = await Promise.all(items.map(({ id }) => readItem(inventory, id)));
    expect(now).toEqual(items.map((item) => (item.id === won?.body.id ? won?.body : item)));
  });

  it('keep the maximum above the minimum, whichever of the two changes', async () => {
    const limits = { min_quantity: 5, max_quantity: 20 };
    const { body: before } = await put(limits);
    const errors = [{ field: 'max_quantity', message: 'must be greater than min_quantity' }];

    for (const change of [
      { min_quantity: 20 },
      { max_quantity: 5 },
      { max_quantity: 0 },
      { min_quantity: 30, max_quantity: 30 },
    ]) {
      const answer = await put({ ...change, name: 'Cup' });
      expect(answer).toMatchObject({
        status: 400,
        body: { detail: 'max_quantity must be greater than min_quantity', errors },
      });
    }

    expect(await readItem(inventory, mug.id)).toEqual(before);
    expect((await put({ min_quantity: 30, max_quantity: 31 })).status).toBe(200);
    expect((await put({ min_quantity: 40, max_quantity: null })).status).toBe(200);
  });

  it('reject a stock above their maximum, with the whole request', async () => {
    await put({ max_quantity: 20 });
    const before = await readItem(inventory, mug.id);

    for (const change of [{ quantity: 21 }, { quantity: 12, max_quantity: 11 }]) {
      const answer = await put({ ...change, name: 'Cup', price: 99 });
      const detail = `The stock would be ${change.quantity}, but the maximum is ${change.max_quantity ?? 20}`;
      expect(answer).toMatchObject({ status: 409, body: { title: 'Conflict', detail } });
    }

    expect(await readItem(inventory, mug.id)).toEqual(before);
    expect(await readMovements(inventory, mug.id)).toHaveLength(1);
    expect((await put({ quantity: 21, max_quantity: 21 })).body).toMatchObject({ quantity: 21, max_quantity: 21 });
  });

  it('allow a stock above a lowered maximum to fall but not to rise', async () => {
    await put({ max_quantity: 5 });

    expect((await put({ price: 3, quantity: 10 })).status).toBe(200);
    expect((await put({ quantity: 11 })).status).toBe(409);
    expect((await put({ quantity: 8 })).status).toBe(200);
    expect((await put({ quantity: 9 })).status).toBe(409);
    expect((await put({ quantity: 5 })).status).toBe(200);
    expect(await readItem(inventory, mug.id)).toMatchObject({ price: 3, quantity: 5, max_quantity: 5 });
  });

  it('cannot be deleted while a kit or an unshipped package contains them', async () => {
    const packageType = await makeKit(inventory, [{ item_id: mug.id, quantity: 2 }]);
    const { id } = await makePackage(inventory, packageType);
    const before = await readItem(inventory, mug.id);
    const steps: [step: () => Promise<unknown>, detail: string][] = [
      [async () => undefined, `The kit of ${packageType} contains this item; change the kit first`],
      [
        () => call(inventory, `DELETE /api/v1/kits/${encodeURI(packageType)}`),
        `Package ${id} contains this item; ship or cancel it first`,
      ],
      [() => changeStatus(inventory, id, 'packed'), `Package ${id} contains this item; ship or cancel it first`],
    ];

    for (const [step, detail] of steps) {
      await step();
      expect(await remove()).toMatchObject({ status: 409, body: { title: 'Conflict', detail } });
    }

    expect(await readItem(inventory, mug.id)).toEqual(before);
    await changeStatus(inventory, id, 'shipped');
    expect((await remove()).status).toBe(204);
  });

  it('can be deleted once the package that held them is cancelled', async () => {
    const packageType = await makeKit(inventory, [{ item_id: mug.id, quantity: 10 }]);
    const { id } = await makePackage(inventory, packageType);
    await call(inventory, `DELETE /api/v1/kits/${encodeURI(packageType)}`);
    await changeStatus(inventory, id, 'cancelled');

    expect((await remove()).status).toBe(204);
    expect((await readMovements(inventory, mug.id)).map(({ change }) => change)).toEqual([10, -10, 10, -10]);
  });

  it('disappear when they are deleted, and free their sku', async () => {
    const { id, sku } = await addItem(inventory);

    const { status, body } = await call(inventory, `DELETE /api/v1/items/${id}/`);

    expect([status, body]).toEqual([204, '']);
    for (const [method, change] of [['GET'], ['PUT', {}], ['DELETE']] as const) {
      const answer = await call(inventory, `${method} /api/v1/items/${id}`, { body: change });
      expect(answer).toMatchObject({ status: 404, body: { detail: 'Item not found' } });
    }
    const { items } = (await call(inventory, 'GET /api/v1/items?sort=-id&size=1')).body;
    expect(items.map((item: Item) => item.id)).not.toContain(id);
    expect((await addItem(inventory, { sku })).id).toBeGreaterThan(id);
  });

  it('are deleted once by many concurrent requests', async () => {
    const { id } = await addItem(inventory, { quantity: 3 });

    const answers = await Promise.all(Array.from({ length: 20 }, () => call(inventory, `DELETE /api/v1/items/${id}`)));

    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(19).fill(404)]);
    expect((await readMovements(inventory, id)).map(({ change }) => change)).toEqual([3, -3]);
  });
});
