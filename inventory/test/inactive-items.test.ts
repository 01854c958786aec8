import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';
import { alertOf, alertsOf, metricOf, startTelling, type TellingInventory } from './low-stock.ts';
import { contentOf, makePackage, makePackages, statusesOf } from './packaging.ts';
import { addItem, aPackage, changeQuantity, makeKit, postPackage, readItem } from './start.ts';

describe.each(databases)('an inactive item on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let receiver: WebhookReceiver;
  let inventory: TellingInventory;
  beforeAll(async () => {
    receiver = resources.use(await startWebhookReceiver());
    inventory = resources.use(await startTelling(resources.use(await freshDatabase(kind)), receiver));
  });
  afterAll(() => resources.disposeAsync());

  const add = (overrides: Record<string, unknown> = {}) =>
    addItem(inventory, { min_quantity: 5, is_active: false, ...overrides });
  const put = ({ id }: Item, body: unknown) => call(inventory, `PUT /api/v1/items/${id}`, { body });
  const set = ({ id }: Item, quantity: number) => changeQuantity(inventory, id, { quantity });
  const alerts = (run: () => Promise<unknown>) => alertsOf({ inventory, receiver }, run);
  const idsAt = async (path: string): Promise<number[]> => {
    return (await call(inventory, `GET ${path}`)).body.map(({ id }: Item) => id);
  };
  const kitOf = (...items: Item[]) =>
    makeKit(
      inventory,
      items.map(({ id }) => ({ item_id: id, quantity: 2 })),
    );

  it('raises no alert, whatever makes it low', async () => {
    const [sold, changed, deactivated, packaged] = [
      await add(),
      await add(),
      await add({ is_active: true }),
      await add(),
    ];
    const packageType = await kitOf(packaged);

    const told = await alerts(async () => {
      await set(sold, 5);
      await put(changed, { min_quantity: 10 });
      await put(deactivated, { is_active: false, quantity: 1 });
      for (let count = 0; count < 4; count += 1) await postPackage(inventory, aPackage({ packageType }));
    });

    expect(told).toEqual([]);
    const stocks = await Promise.all([sold, changed, deactivated, packaged].map(({ id }) => readItem(inventory, id)));
    expect(stocks.map(({ quantity }) => quantity)).toEqual([5, 10, 1, 2]);
  });

  it('raises one alert when it becomes active while it is low', async () => {
    const item = await add({ quantity: 3 });

    expect(await alerts(() => put(item, { is_active: true }))).toEqual([alertOf(item, 3)]);
    expect(await alerts(() => put(item, { is_active: true, quantity: 2 }))).toEqual([]);
  });

  it('raises no alert when it becomes active with enough stock', async () => {
    const item = await add({ quantity: 3 });

    expect(await alerts(() => put(item, { is_active: true, quantity: 6 }))).toEqual([]);
    expect(await alerts(() => set(item, 5))).toEqual([alertOf(item, 5)]);
  });

  it('is not counted in low_stock_items', async () => {
    const count = await metricOf(inventory, 'low_stock_items');
    const item = await add({ quantity: 0 });

    expect((await metricOf(inventory, 'low_stock_items')) - count).toBe(0);
    await put(item, { is_active: true });
    expect((await metricOf(inventory, 'low_stock_items')) - count).toBe(1);
  });

  it('is in the low-stock list only with is_active=false, with and without a threshold', async () => {
    const active = await add({ quantity: 1, is_active: true });
    const inactive = await add({ quantity: 1 });
    const enough = await add({ quantity: 6 });
    const after = `after=${active.id - 1}`;

    for (const query of [after, `${after}&threshold=5`]) {
      const path = `/api/v1/items/low-stock/?${query}`;
      expect(await idsAt(path)).toEqual([active.id]);
      expect(await idsAt(`${path}&is_active=true`)).toEqual([active.id]);
      expect(await idsAt(`${path}&is_active=false`)).toEqual([inactive.id]);
    }
    expect(await idsAt(`/api/v1/items/low-stock?${after}&threshold=6&is_active=false`)).toEqual([
      inactive.id,
      enough.id,
    ]);
  });

  it('stays in the pages of the inactive ones', async () => {
    const items = [await add({ quantity: 1 }), await add({ quantity: 1 })];

    const path = `/api/v1/items/low-stock?after=${(items[0]?.id ?? 0) - 1}&limit=1&is_active=false`;
    const { headers, body } = await call(inventory, `GET ${path}`);

    const next = /^<(.+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1] ?? '';
    expect([...body.map(({ id }: Item) => id), ...(await idsAt(next))]).toEqual(items.map(({ id }) => id));
  });

  it('is not among the items of its customer until it is active again', async () => {
    const customer_id = 'the owner of an inactive item';
    const path = `/api/v1/items/customer/${encodeURIComponent(customer_id)}`;
    const [inactive, active] = [await add({ customer_id }), await add({ customer_id, is_active: true })];

    expect(await idsAt(path)).toEqual([active.id]);
    const { body } = await call(inventory, `GET /api/v1/items/?customer_id=${encodeURIComponent(customer_id)}`);
    expect(body.items).toHaveLength(2);
    await put(inactive, { is_active: true });
    expect(await idsAt(path)).toEqual([inactive.id, active.id]);
  });

  it('is marked in every answer that shows a kit', async () => {
    const [inactive, active] = [await add(), await add({ is_active: true })];
    const items = [inactive, active].map(({ id }) => ({ item_id: id, quantity: 2 }));
    const path = '/api/v1/kits/with%20an%20inactive%20item';

    const made = await call(inventory, `PUT ${path}`, { body: { items } });

    const shown = [
      { item_id: inactive.id, quantity: 2, is_active: false },
      { item_id: active.id, quantity: 2 },
    ];
    expect([made.status, made.body.items]).toEqual([201, shown]);
    expect((await call(inventory, `GET ${path}`)).body.items).toEqual(shown);
    expect((await call(inventory, `GET /api/v1/kits?after=${made.body.id - 1}`)).body[0].items).toEqual(shown);
    await put(inactive, { is_active: true });
    expect((await call(inventory, `PUT ${path}`, { body: made.body })).body.items).toEqual(items);
  });

  it('is taken by packages and back-orders as any other item', async () => {
    const item = await add({ quantity: 3 });
    const type = await kitOf(item);
    const [first, second] = await makePackages(inventory, type, 2);
    if (!first || !second) throw new Error('two packages were made');

    expect([first.status, second.status]).toEqual(['received', 'backordered']);
    expect(await contentOf(inventory, first.id)).toMatchObject([{ item_id: item.id, quantity: 2 }]);
    await set(item, 2);
    expect(await statusesOf(inventory, [second])).toEqual(['received']);
    expect((await readItem(inventory, item.id)).quantity).toBe(0);
    expect((await makePackage(inventory, type)).status).toBe('backordered');
  });
});
