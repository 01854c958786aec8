import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeStatus, contentOf, makePackage, makePackages, readPackage, statusesOf } from './packaging.ts';
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

describe.each(databases)('a cancelled package that is reinstated on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const add = async (quantity: number) => (await addItem(inventory, { quantity })).id;
  const kitOf = (item_id: number, quantity: number, type?: string) => makeKit(inventory, [{ item_id, quantity }], type);
  const stockOf = async (id: number) => (await readItem(inventory, id)).quantity;
  const changesOf = async (id: number) => (await readMovements(inventory, id)).map(({ change }) => change);
  const cancel = (id: number) => changeStatus(inventory, id, 'cancelled');
  const reinstate = (id: number) => changeStatus(inventory, id, 'received');

  it('takes its items anew, and can be shipped', async () => {
    const mug = await add(5);
    const made = await makePackage(inventory, await kitOf(mug, 2));
    await cancel(made.id);

    expect(await reinstate(made.id)).toMatchObject({ status: 200, body: made });

    expect(await readPackage(inventory, made.id)).toEqual(made);
    expect(await contentOf(inventory, made.id)).toMatchObject([{ item_id: mug, quantity: 2 }]);
    const [, ...movements] = await readMovements(inventory, mug);
    expect(movements.map(({ change, reason, package_id }) => [change, reason, package_id])).toEqual([
      [-2, 'packaged', made.id],
      [2, 'cancelled', made.id],
      [-2, 'packaged', made.id],
    ]);
    for (const status of ['packed', 'shipped'])
      expect((await changeStatus(inventory, made.id, status)).status).toBe(200);
    expect(await stockOf(mug)).toBe(3);
  });

  it('waits as a back-order if an item is short, and is filled by its age', async () => {
    const mug = await add(2);
    const type = await kitOf(mug, 2);
    const [first, second, third] = await makePackages(inventory, type, 3);
    if (!first || !second || !third) throw new Error('three packages were made');
    await cancel(first.id); // its items go to the second

    expect(await reinstate(first.id)).toMatchObject({ status: 200, body: { id: first.id, status: 'backordered' } });

    expect(await contentOf(inventory, first.id)).toEqual([]);
    await changeQuantity(inventory, mug, { quantity_change: 2 });
    expect(await statusesOf(inventory, [first, second, third])).toEqual(['received', 'received', 'backordered']);
    expect(await contentOf(inventory, first.id)).toMatchObject([{ item_id: mug, quantity: 2 }]);
  });

  it('waits behind older back-orders of its type, even if there is enough for it', async () => {
    const [mug, tea] = [await add(0), await add(9)];
    const type = await kitOf(mug, 1);
    const [first, second] = await makePackages(inventory, type, 2);
    if (!first || !second) throw new Error('two packages were made');
    await cancel(second.id);

    expect((await reinstate(second.id)).body.status).toBe('backordered');

    await changeQuantity(inventory, mug, { quantity_change: 1 });
    expect(await statusesOf(inventory, [first, second])).toEqual(['received', 'backordered']);
    await kitOf(tea, 1, type);
    expect(await statusesOf(inventory, [first, second])).toEqual(['received', 'received']);
  });

  it('takes what its kit contains now, not what it had taken before', async () => {
    const [mug, tea] = [await add(5), await add(5)];
    const type = await kitOf(mug, 2);
    const made = await makePackage(inventory, type);
    await cancel(made.id);
    await kitOf(tea, 1, type);

    expect((await reinstate(made.id)).body.status).toBe('received');

    expect(await contentOf(inventory, made.id)).toMatchObject([{ item_id: tea, quantity: 1 }]);
    await cancel(made.id);
    expect([await stockOf(mug), await stockOf(tea)]).toEqual([5, 5]);
  });

  it('takes nothing if its type has no kit now, as a new package would', async () => {
    const mug = await add(5);
    const type = await kitOf(mug, 2);
    const made = await makePackage(inventory, type);
    await cancel(made.id);
    await call(inventory, `DELETE /api/v1/kits/${encodeURIComponent(type)}`);

    expect((await reinstate(made.id)).body.status).toBe('received');

    expect(await contentOf(inventory, made.id)).toEqual([]);
    await cancel(made.id);
    expect(await stockOf(mug)).toBe(5);
  });

  it('that never took anything takes its items then', async () => {
    const mug = await add(0);
    const made = await makePackage(inventory, await kitOf(mug, 2));
    await cancel(made.id);
    await changeQuantity(inventory, mug, { quantity_change: 5 });

    expect((await reinstate(made.id)).body.status).toBe('received');
    expect(await changesOf(mug)).toEqual([5, -2]);
  });

  it('is still the one package of its customer', async () => {
    const given = aPackage();
    const { body: made } = await postPackage(inventory, given);
    await cancel(made.id);
    await reinstate(made.id);

    expect(await postPackage(inventory, given)).toMatchObject({ status: 200, body: made });
  });

  it('takes its items once by ten concurrent requests', async () => {
    const mug = await add(5);
    const made = await makePackage(inventory, await kitOf(mug, 2));
    await cancel(made.id);

    const answers = await Promise.all(Array.from({ length: 10 }, () => reinstate(made.id)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    expect(await changesOf(mug)).toEqual([5, -2, 2, -2]);
  });

  it.each(['packed', 'shipped', 'delivered', 'backordered'])('cannot become %s at once', async (status) => {
    const made = await makePackage(inventory, 'without a kit');
    await cancel(made.id);

    expect(await changeStatus(inventory, made.id, status)).toMatchObject({
      status: 409,
      body: { detail: `A cancelled package cannot become ${status}; it can only become received` },
    });
  });
});
