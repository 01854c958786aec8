import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { type Fault, startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';
import { about, allTold, fall, metricOf, startTelling, type TellingInventory } from './low-stock.ts';
import { addItem, changeQuantity } from './start.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Longer than the first wait after a failure. */
const aWaitMs = 1_500;

describe.each(databases)('the webhook on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let receiver: WebhookReceiver;
  let inventory: TellingInventory;
  beforeAll(async () => {
    receiver = resources.use(await startWebhookReceiver());
    inventory = resources.use(await startTelling(resources.use(await freshDatabase(kind)), receiver));
  });
  afterEach(async () => {
    receiver.onMessage = () => undefined;
    await receiver.accept();
    await wakeAfter(2 * aWaitMs);
    await allTold(inventory);
    expect(receiver.strays).toEqual([]);
  });
  afterAll(() => resources.disposeAsync());

  const wakeAfter = (ms: number) => {
    inventory.skip(ms);
    return fall(inventory);
  };
  const triesOf = (item: { id: number }) => about(item, receiver.tried);
  const takenOf = (item: { id: number }) => about(item, receiver.taken);
  // the series does not exist before the first round
  const failures = async () => (await metricOf(inventory, 'low_stock_webhooks_total{outcome="failed"}')) || 0;

  /** Waits until that many attempts have failed. */
  const allFailed = (count: number) => eventually(async () => (await failures()) >= count);

  /** An item that has fallen, whose alert meets these faults, one per attempt; the first attempt has failed. */
  const failing = async (...faults: Fault[]): Promise<Item> => {
    const failed = await failures();
    const item = await addItem(inventory, { quantity: 1 });
    receiver.onMessage = ({ content }) => (content.data.item_id === item.id ? faults.shift() : undefined);
    await changeQuantity(inventory, item.id, { quantity: 0 });
    await allFailed(failed + 1);
    return item;
  };

  it('receives a signed message that names the item and the time', async () => {
    const name = `Zoë's "mug" 🎁 \\ ${'é'.repeat(100)}`;

    const { id, sku, updated_at } = await fall(inventory, { name, quantity: 7 });
    await allTold(inventory);

    const [told, another] = takenOf({ id });
    expect(another).toBeUndefined();
    expect(told?.content).toStrictEqual({
      type: 'item.low_stock',
      timestamp: updated_at,
      data: { item_id: id, sku, name, quantity: 0, min_quantity: 0 },
    });
    expect(told?.content.timestamp).toMatch(isoTime);
    expect(told?.headers['content-type']).toBe('application/json');
    expect(told?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  });

  it('receives an alert at once', async () => {
    // retried for slow machines; a worker that is not woken would sleep for 5 s in every try
    await eventually(async () => {
      await fall(inventory);
      await allTold(inventory);

      const item = await fall(inventory);
      await allTold(inventory);

      const [told] = takenOf(item);
      expect((told?.timestamp ?? 0) - Math.floor(Date.parse(item.updated_at) / 1_000)).toBeLessThan(4);
    });
  });

  it('receives the same message with a new timestamp until it accepts it', async () => {
    const failed = await failures();
    const redirect = { status: 307, headers: { Location: '/elsewhere' } };
    const item = await failing({ status: 500 }, 'reset', 'reply lost', { status: 429 }, redirect);

    for (let tries = 2; tries <= 5; tries++) {
      await wakeAfter(aWaitMs + 1_000);
      await allFailed(failed + tries);
    }
    await wakeAfter(aWaitMs + 1_000);
    await allTold(inventory);

    const tries = triesOf(item);
    expect(tries).toHaveLength(6);
    expect(new Set(tries.map(({ id, body }) => id + body)).size).toBe(1);
    const [first, ...later] = tries.map(({ timestamp }) => timestamp) as [number, ...number[]];
    expect(later.toSorted((a, b) => a - b)).toEqual(later);
    // a slow machine may have made some of these tries before the clock was set forward
    expect((later.at(-1) ?? 0) - first).toBeGreaterThanOrEqual(4);
  });

  it('receives all other alerts while it rejects one, and that one later', async () => {
    const item = await failing({ status: 400 }, { status: 422 });

    const others = [await fall(inventory), await fall(inventory)];
    await eventually(() => expect(others.flatMap(takenOf)).toHaveLength(2));
    expect(triesOf(item)).toHaveLength(1);
    const failed = await failures();
    await wakeAfter(6_500);
    await allFailed(failed + 1);
    await wakeAfter(12_500);
    await allTold(inventory);

    expect(new Set(triesOf(item).map(({ id }) => id)).size).toBe(1);
    expect(takenOf(item)).toHaveLength(1);
  });

  it('receives all other alerts even if it keeps answering one with 5xx', async () => {
    const item = await failing(...Array(100).fill({ status: 500 }));
    const others = [await fall(inventory), await fall(inventory)];
    const failed = await failures();

    await wakeAfter(aWaitMs);
    await allFailed(failed + 1);
    others.push(await wakeAfter(2 * aWaitMs));

    await eventually(() => expect(others.flatMap(takenOf)).toHaveLength(3));
    expect(takenOf(item)).toEqual([]);
  });

  it('gets no message before its Retry-After is over', async () => {
    const item = await failing({ status: 503, headers: { 'Retry-After': '100' } });

    const other = await wakeAfter(60_000);
    await allRead();
    expect([triesOf(item).length, triesOf(other).length]).toEqual([1, 0]);
    await wakeAfter(41_000);
    await allTold(inventory);

    expect([takenOf(item).length, takenOf(other).length]).toEqual([1, 1]);
  });

  it('receives each alert of an outage once', async () => {
    const failed = await failures();
    await receiver.refuse();
    const items = [await fall(inventory), await fall(inventory), await fall(inventory)];
    await allFailed(failed + 1);
    expect(await metricOf(inventory, 'low_stock_webhooks_waiting')).toBe(3);

    await receiver.accept();
    items.push(await wakeAfter(aWaitMs));
    await allTold(inventory);

    expect(items.map((item) => triesOf(item).length)).toEqual([1, 1, 1, 1]);
  });

  it('never delays a request, however long it stays silent', async () => {
    const answer = Promise.withResolvers<undefined>();
    receiver.onMessage = () => answer.promise;
    const item = await fall(inventory);
    await eventually(() => expect(triesOf(item)).toHaveLength(1));

    await fall(inventory);
    const listed = await call(inventory, 'GET /api/v1/items/low-stock/');

    expect(listed.status).toBe(200);
    expect(await metricOf(inventory, 'low_stock_webhooks_waiting')).toBe(2);
    expect((await call(inventory, 'GET /health')).status).toBe(200);
    answer.resolve(undefined);
  });

  /** As long as one round of the background worker takes. */
  async function allRead(): Promise<void> {
    for (let count = 0; count < 5; count++) await metricOf(inventory, 'low_stock_webhooks_waiting');
  }
});
