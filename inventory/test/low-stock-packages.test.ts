import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';
import { alertOf, alertsOf, metricOf, startTelling, type TellingInventory } from './low-stock.ts';
import { addItem, aPackage, changeQuantity, makeKit, postPackage, readItem } from './start.ts';

describe.each(databases)('stock that packages make low on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let receiver: WebhookReceiver;
  let inventory: TellingInventory;
  beforeAll(async () => {
    receiver = resources.use(await startWebhookReceiver());
    inventory = resources.use(await startTelling(resources.use(await freshDatabase(kind)), receiver));
  });
  afterAll(() => resources.disposeAsync());

  const add = (overrides: Record<string, unknown> = {}) => addItem(inventory, { min_quantity: 5, ...overrides });
  const change = (item: Item, quantity_change: number) => changeQuantity(inventory, item.id, { quantity_change });
  const batch = (packages: unknown[]) => call(inventory, 'POST /packages/batch', { body: { packages } });

  const alerts = (run: () => Promise<unknown>) => alertsOf({ inventory, receiver }, run);

  it('raises an alert when a package takes its items', async () => {
    const [mug, tea] = [await add(), await add({ quantity: 100 })];
    const packageType = await makeKit(inventory, [
      { item_id: mug.id, quantity: 3 },
      { item_id: tea.id, quantity: 1 },
    ]);
    const order = () => postPackage(inventory, aPackage({ packageType }));

    expect(await alerts(order)).toEqual([]);
    expect(await alerts(order)).toEqual([alertOf(mug, 4)]);
    expect(await alerts(order)).toEqual([]);
  });

  it('raises one alert for each item that a batch of packages makes low', async () => {
    const [mug, tea, bag] = [await add(), await add({ quantity: 12 }), await add({ quantity: 100 })];
    const items = [mug, tea, bag].map(({ id }) => ({ item_id: id, quantity: 2 }));
    const packageType = await makeKit(inventory, items);

    const told = await alerts(() => batch(Array.from({ length: 4 }, () => aPackage({ packageType }))));

    expect(told).toEqual([alertOf(mug, 2), alertOf(tea, 4)]);
  });

  it('raises an alert when a changed kit lets back-orders take the rest', async () => {
    const item = await add();
    const packageType = await makeKit(inventory, [{ item_id: item.id, quantity: 11 }]);
    await postPackage(inventory, aPackage({ packageType }));

    const told = await alerts(() => makeKit(inventory, [{ item_id: item.id, quantity: 7 }], packageType));

    expect(told).toEqual([alertOf(item, 3)]);
  });

  it('raises an alert if back-orders take more than the new stock, and none if they take just that', async () => {
    const item = await add();
    const packageType = await makeKit(inventory, [{ item_id: item.id, quantity: 13 }]);
    const order = () => postPackage(inventory, aPackage({ packageType }));
    await order();

    expect(await alerts(() => change(item, 5))).toEqual([alertOf(item, 2)]);
    await order();
    expect(await alerts(() => change(item, 13))).toEqual([]);
    expect((await readItem(inventory, item.id)).quantity).toBe(2);
  });

  it('raises no alert if a package is rolled back, even if its group commit keeps other changes', async () => {
    const [item, other] = [await add(), await add()];
    const packageType = await makeKit(inventory, [{ item_id: item.id, quantity: 6 }]);
    const idempotencyKey = randomUUID();
    await postPackage(inventory, aPackage(), idempotencyKey);
    let answers: { status: number }[] = [];

    const told = await alerts(async () => {
      answers = await Promise.all([
        change(item, -1),
        postPackage(inventory, aPackage({ packageType }), idempotencyKey),
        change(other, -7),
      ]);
    });

    expect(answers.map(({ status }) => status)).toEqual([200, 422, 200]);
    expect(told).toEqual([alertOf(other, 3)]);
    expect((await readItem(inventory, item.id)).quantity).toBe(9);
  });

  it('is reflected in packages_backordered until the packages are filled or cancelled', async () => {
    const item = await add();
    const packageType = await makeKit(inventory, [{ item_id: item.id, quantity: 11 }]);
    const count = await metricOf(inventory, 'packages_backordered');
    const counted = async (run: Promise<unknown>) => {
      await run;
      return (await metricOf(inventory, 'packages_backordered')) - count;
    };
    const { body } = await postPackage(inventory, aPackage({ packageType }));

    expect(await counted(batch([aPackage({ packageType }), aPackage({ packageType })]))).toBe(3);
    const cancelled = call(inventory, `PATCH /packages/${body.id}`, { body: { status: 'cancelled' } });
    expect(await counted(cancelled)).toBe(2);
    expect(await counted(change(item, 2))).toBe(1);
    expect(await counted(change(item, 10))).toBe(0);
  });
});
