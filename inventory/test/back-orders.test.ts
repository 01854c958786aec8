import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WelcomePackage } from '../src/package.ts';
import { changeStatus, contentOf, makePackage, makePackages, readPackage, statusesOf, takersOf } from './packaging.ts';
import {
  addItem,
  aPackage,
  changeQuantity,
  makeKit,
  readItem,
  startTestInventory,
  type TestInventory,
} from './start.ts';

type Content = [item_id: number, quantity: number][];

describe.each(databases)('back-orders on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const add = async (quantity: number) => (await addItem(inventory, { quantity })).id;
  const putKit = (type: string | undefined, content: Content) =>
    makeKit(
      inventory,
      content.map(([item_id, quantity]) => ({ item_id, quantity })),
      type,
    );
  const kitOf = (...content: Content) => putKit(undefined, content);
  const replaceKit = (type: string, ...content: Content) => putKit(type, content);
  const removeKit = (type: string) => call(inventory, `DELETE /api/v1/kits/${encodeURIComponent(type)}`);
  const make = (type: string) => makePackage(inventory, type);
  const deliver = (id: number, count: number) => changeQuantity(inventory, id, { quantity_change: count });
  const stockOf = async (id: number) => (await readItem(inventory, id)).quantity;
  const statuses = (packages: WelcomePackage[]) => statusesOf(inventory, packages);
  const takers = (itemId: number) => takersOf(inventory, itemId);
  const ids = (packages: WelcomePackage[]) => packages.map(({ id }) => id);

  it('are filled from new stock, oldest first, as far as it suffices', async () => {
    const mug = await add(0);
    const packages = await makePackages(inventory, await kitOf([mug, 2]), 4);

    const { status, body } = await deliver(mug, 5);

    expect([status, body.quantity]).toEqual([200, 1]);
    expect(await statuses(packages)).toEqual(['received', 'received', 'backordered', 'backordered']);
    expect(await takers(mug)).toEqual(ids(packages.slice(0, 2)));
    expect(await contentOf(inventory, packages[1]?.id ?? 0)).toMatchObject([{ item_id: mug, quantity: 2 }]);
    const listed = await call(inventory, `GET /packages?status=backordered&after=${(packages[0]?.id ?? 0) - 1}`);
    expect(ids(listed.body)).toEqual(ids(packages.slice(2)));
    expect((await deliver(mug, 3)).body.quantity).toBe(0);
    expect(await takers(mug)).toEqual(ids(packages));
  });

  it('wait until their last item is in stock', async () => {
    const [mug, tea] = [await add(0), await add(0)];
    const waiting = await make(await kitOf([mug, 1], [tea, 1]));

    expect((await deliver(mug, 1)).body.quantity).toBe(1);
    expect(await statuses([waiting])).toEqual(['backordered']);
    expect((await deliver(tea, 1)).body.quantity).toBe(0);
    expect(await statuses([waiting])).toEqual(['received']);
    expect(await stockOf(mug)).toBe(0);
  });

  it('are filled by every operation that raises a stock', async () => {
    const mug = await add(0);
    const packages = await makePackages(inventory, await kitOf([mug, 1]), 3);

    expect((await changeQuantity(inventory, mug, { quantity: 1 })).body.quantity).toBe(0);
    expect(await takers(mug)).toEqual(ids(packages.slice(0, 1)));
    expect((await call(inventory, `PUT /api/v1/items/${mug}`, { body: { quantity: 1 } })).body.quantity).toBe(0);
    expect(await takers(mug)).toEqual(ids(packages.slice(0, 2)));
    await changeStatus(inventory, packages[0]?.id ?? 0, 'cancelled');
    expect(await takers(mug)).toEqual(ids(packages));
    expect(await statuses(packages)).toEqual(['cancelled', 'received', 'received']);
  });

  it('of one type are overtaken by another type that needs fewer of the same item', async () => {
    const mug = await add(2);
    const waiting = await make(await kitOf([mug, 5]));
    const small = await kitOf([mug, 1]);

    expect((await make(small)).status).toBe('received');
    expect(await statuses([waiting])).toEqual(['backordered']);
  });

  it('of two types that share an item are filled by age, and a short type does not block the other', async () => {
    const mug = await add(0);
    const [one, two] = [await kitOf([mug, 1]), await kitOf([mug, 2])];
    const packages = [await make(one), await make(two), await make(one), await make(two), await make(one)];

    await deliver(mug, 4);
    expect(await takers(mug)).toEqual(ids(packages.slice(0, 3)));
    await deliver(mug, 1);

    expect(await statuses(packages.slice(3))).toEqual(['backordered', 'received']);
    expect(await stockOf(mug)).toBe(0);
  });

  it('are filled when their kit needs less, and other packages keep their items', async () => {
    const [mug, tea] = [await add(9), await add(3)];
    const type = await kitOf([mug, 5]);
    const [held, ...waiting] = (await makePackages(inventory, type, 4)) as [WelcomePackage, ...WelcomePackage[]];

    await replaceKit(type, [mug, 1], [tea, 2]);

    expect(await statuses(waiting)).toEqual(['received', 'backordered', 'backordered']);
    expect([await stockOf(mug), await stockOf(tea)]).toEqual([3, 1]);
    expect(await contentOf(inventory, held.id)).toMatchObject([{ item_id: mug, quantity: 5 }]);
    await changeStatus(inventory, held.id, 'cancelled');
    expect([await stockOf(mug), await stockOf(tea)]).toEqual([8, 1]);
  });

  it('wait for the items of a replaced kit', async () => {
    const [mug, tea] = [await add(0), await add(1)];
    const type = await kitOf([mug, 1]);
    const waiting = await make(type);
    await replaceKit(type, [tea, 2]);

    await deliver(mug, 1);
    expect([await statuses([waiting]), await stockOf(mug)]).toEqual([['backordered'], 1]);
    await deliver(tea, 1);

    expect(await statuses([waiting])).toEqual(['received']);
    expect([await stockOf(mug), await stockOf(tea)]).toEqual([1, 0]);
  });

  it('protect their kit from deletion until they are filled or cancelled', async () => {
    const mug = await add(3);
    const type = await kitOf([mug, 2]);
    const [held, filled, cancelled] = await makePackages(inventory, type, 3);
    if (!held || !filled || !cancelled) throw new Error('three packages were made');

    expect(await removeKit(type)).toMatchObject({
      status: 409,
      body: {
        detail: `2 packages wait for the items of this kit, the oldest is package ${filled.id}; add stock or cancel them first`,
      },
    });
    await changeStatus(inventory, cancelled.id, 'cancelled');
    expect((await removeKit(type)).body.detail).toBe(
      `Package ${filled.id} waits for the items of this kit; add stock or cancel it first`,
    );
    expect(await statuses([held, filled, cancelled])).toEqual(['received', 'backordered', 'cancelled']);
    await deliver(mug, 1);

    expect((await removeKit(type)).status).toBe(204);
    expect(await contentOf(inventory, filled.id)).toMatchObject([{ item_id: mug, quantity: 2 }]);
    expect((await make(type)).status).toBe('received');
  });

  it('of one type do not protect the kit of another', async () => {
    const mug = await add(1);
    const [short, other] = [await kitOf([mug, 2]), await kitOf([mug, 1])];
    await make(short);

    expect([(await removeKit(other)).status, (await removeKit(short)).status]).toEqual([204, 409]);
  });

  it('never lose their kit to a concurrent deletion', async () => {
    const mug = await add(0);
    const types = await Promise.all(Array.from({ length: 20 }, () => kitOf([mug, 1])));

    const made = await Promise.all(
      types.map(async (type) => {
        const [one, removed] = await Promise.all([make(type), removeKit(type)]);
        return { one, removed };
      }),
    );

    for (const { one, removed } of made) {
      expect([one.status, removed.status]).toEqual(
        one.status === 'backordered' ? ['backordered', 409] : ['received', 204],
      );
    }
  });

  it('are all filled in order by one stock change, even if that takes several transactions', async () => {
    const mug = await add(0);
    const type = await kitOf([mug, 1]);
    const packages = Array.from({ length: 500 }, () => aPackage({ packageType: type }));
    await call(inventory, 'POST /packages/batch', { body: { packages } });
    const waiting = await makePackages(inventory, type, 3);

    await deliver(mug, 510);
    const late = await make(type);

    await eventually(async () => expect(await readPackage(inventory, late.id)).toMatchObject({ status: 'received' }));
    const order = await takers(mug);
    expect(order).toHaveLength(504);
    expect(order).toEqual(order.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
    expect(order.slice(500)).toEqual(ids([...waiting, late]));
    expect(await stockOf(mug)).toBe(6);
  });

  it('that have lost their kit under an earlier release wait for another one', async () => {
    const mug = await add(0);
    const type = await kitOf([mug, 1]);
    const waiting = await make(type);
    await dropKit(inventory.database, type);

    await deliver(mug, 5);
    expect(await statuses([waiting])).toEqual(['backordered']);
    await replaceKit(type, [mug, 2]);

    expect(await statuses([waiting])).toEqual(['received']);
    expect(await contentOf(inventory, waiting.id)).toMatchObject([{ item_id: mug, quantity: 2 }]);
  });
});

async function dropKit({ url }: TestInventory['database'], type: string): Promise<void> {
  const migrations = join(import.meta.dirname, '../migrations');
  const { db, close } = await openDatabase({ url, schema: 'inventory', migrations, onError: () => undefined });
  await sql`delete from kits where package_type = ${type}`.execute(db);
  await close();
}
