import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';
import { alertOf, alertsOf, metricOf, startTelling, type TellingInventory } from './low-stock.ts';
import { spoilCommits } from './spoil-commits.ts';
import { addItem, anItem, changeQuantity, readItem } from './start.ts';

describe.each(databases)('low stock on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let receiver: WebhookReceiver;
  let database: FreshDatabase;
  let inventory: TellingInventory;
  beforeAll(async () => {
    receiver = resources.use(await startWebhookReceiver());
    database = resources.use(await freshDatabase(kind));
    inventory = resources.use(await startTelling(database, receiver));
  });
  afterAll(() => resources.disposeAsync());

  const add = (overrides: Record<string, unknown> = {}) => addItem(inventory, { min_quantity: 5, ...overrides });
  const change = (item: Item, quantity_change: number) => changeQuantity(inventory, item.id, { quantity_change });
  const set = (item: Item, quantity: number) => changeQuantity(inventory, item.id, { quantity });
  const put = ({ id }: Item, body: unknown) => call(inventory, `PUT /api/v1/items/${id}`, { body });
  const remove = ({ id }: Item) => call(inventory, `DELETE /api/v1/items/${id}`);

  const alerts = (run: () => Promise<unknown>) => alertsOf({ inventory, receiver }, run);

  it('raises one alert when an item falls to its minimum, and none while it falls further', async () => {
    const item = await add();

    expect(await alerts(() => set(item, 6))).toEqual([]);
    expect(await alerts(() => set(item, 5))).toEqual([alertOf(item, 5)]);
    expect(await alerts(() => change(item, -1))).toEqual([]);
    expect(await alerts(() => set(item, 0))).toEqual([]);
  });

  it('raises an alert with the remaining stock when an item falls below its minimum at once', async () => {
    const item = await add();

    expect(await alerts(() => change(item, -8))).toEqual([alertOf(item, 2)]);
  });

  it('raises another alert only after the stock has been above the minimum', async () => {
    const item = await add();
    await change(item, -6);

    expect(await alerts(() => set(item, 5))).toEqual([]);
    expect(await alerts(() => set(item, 4))).toEqual([]);
    expect(await alerts(() => set(item, 6))).toEqual([]);
    expect(await alerts(() => set(item, 3))).toEqual([alertOf(item, 3)]);
  });

  it('raises an alert when an item without a minimum is used up', async () => {
    const item = await add({ min_quantity: 0, quantity: 2 });

    expect(await alerts(() => change(item, -1))).toEqual([]);
    expect(await alerts(() => change(item, -1))).toEqual([alertOf(item, 0)]);
  });

  it('raises one alert when a hundred requests take from an item concurrently', async () => {
    const item = await add({ quantity: 120, min_quantity: 70 });

    const told = await alerts(() => Promise.all(Array.from({ length: 100 }, () => change(item, -1))));

    expect(told).toEqual([alertOf(item, 70)]);
    expect((await readItem(inventory, item.id)).quantity).toBe(20);
  });

  it('raises an alert when a PUT lowers the stock, with the other changes of the PUT', async () => {
    const item = await add();

    const told = await alerts(() => put(item, { quantity: 4, name: 'Cup', sku: `${item.sku}-new` }));

    expect(told).toEqual([alertOf({ ...item, name: 'Cup', sku: `${item.sku}-new` }, 4)]);
  });

  it('raises one alert when the minimum rises to the stock or above', async () => {
    const item = await add();
    const higher = { ...item, min_quantity: 10 };

    expect(await alerts(() => put(item, { min_quantity: 9 }))).toEqual([]);
    expect(await alerts(() => put(item, { min_quantity: 10 }))).toEqual([alertOf(higher, 10)]);
    expect(await alerts(() => put(item, { min_quantity: 11 }))).toEqual([]);
    expect(await alerts(() => put(item, { min_quantity: 2 }))).toEqual([]);
    expect(await alerts(() => put(item, { min_quantity: 10 }))).toEqual([alertOf(higher, 10)]);
  });

  it('raises an alert if stock and minimum change together and leave the item low', async () => {
    const item = await add();

    expect(await alerts(() => put(item, { quantity: 20, min_quantity: 15 }))).toEqual([]);
    expect(await alerts(() => put(item, { quantity: 3, min_quantity: 2 }))).toEqual([]);
    const told = await alerts(() => put(item, { quantity: 8, min_quantity: 8 }));
    expect(told).toEqual([alertOf({ ...item, min_quantity: 8 }, 8)]);
  });

  it('raises no alert for an item that is low from the start', async () => {
    const add = (overrides: Record<string, unknown>) => async () => {
      const body = anItem(overrides);
      expect((await call(inventory, 'POST /api/v1/items/', { body })).status).toBe(201);
    };

    expect(await alerts(add({ quantity: 0 }))).toEqual([]);
    expect(await alerts(add({ quantity: 3, min_quantity: 5 }))).toEqual([]);
  });

  it('raises no alert for a deleted item', async () => {
    const item = await add();

    expect(await alerts(() => remove(item))).toEqual([]);
  });

  it('raises no alert for a rejected change', async () => {
    const [item, other] = [await add(), await add()];
    const headers = { 'If-Match': '"0"' };
    const statuses: number[] = [];

    const told = await alerts(async () => {
      for (const { status } of [
        await change(item, -11),
        await set(item, -1),
        await put(item, { quantity: 3, sku: other.sku }),
        await put(item, { quantity: 3, min_quantity: 4, max_quantity: 4 }),
        await call(inventory, `PUT /api/v1/items/${item.id}`, { headers, body: { quantity: 3 } }),
      ]) {
        statuses.push(status);
      }
    });

    expect(statuses).toEqual([409, 400, 409, 400, 412]);
    expect(told).toEqual([]);
  });

  it('raises no alert if the commit fails', async () => {
    const item = await add();
    const answers: { status: number }[] = [];

    const told = await alerts(async () => {
      await using _ = await spoilCommits(database);
      answers.push(await set(item, 5), await put(item, { quantity: 5 }));
    });

    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(told).toEqual([]);
    expect(await readItem(inventory, item.id)).toEqual(item);
    expect(await alerts(() => set(item, 5))).toEqual([alertOf(item, 5)]);
  });

  it('is counted in low_stock_items while it lasts', async () => {
    const item = await add();
    const count = await metricOf(inventory, 'low_stock_items');
    const counts = [];

    for (const quantity of [6, 5, 0, 6]) {
      await set(item, quantity);
      counts.push((await metricOf(inventory, 'low_stock_items')) - count);
    }

    expect(counts).toEqual([0, 1, 1, 0]);
  });
});
