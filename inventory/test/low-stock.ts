import { call } from '@doorstep/kit/test/call.ts';
import { type FreshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { readInventoryConfig } from '../src/config.ts';
import { startInventory } from '../src/inventory.ts';
import type { Item } from '../src/item.ts';
import type { LowStock } from '../src/stock-news.ts';
import type { Told, WebhookReceiver } from './a-webhook-receiver.ts';
import { addItem, changeQuantity, inventoryEnvironment } from './start.ts';

type Service = { url: string };

/** An Inventory that sends alerts to this receiver; its clock can be moved forward. */
export async function startTelling(database: FreshDatabase, { settings }: WebhookReceiver) {
  let skippedMs = 0;
  const clock = {
    now: () => new Date(Date.now() + skippedMs),
    monotonicMs: () => performance.now() + skippedMs,
  };
  const inventory = await startedPatiently(() =>
    startInventory(readInventoryConfig(inventoryEnvironment(database, settings)), { clock }),
  );
  return {
    ...inventory,
    /**
     * Alerts that become due are sent with the next alert. Use it for less than five minutes in all, because the receiver
     * rejects a later signature.
     */
    skip(ms: number) {
      skippedMs += ms;
    },
  };
}

export type TellingInventory = Awaited<ReturnType<typeof startTelling>>;

/** Adds an item with a stock of one, and takes it. */
export async function fall(inventory: Service, overrides: Record<string, unknown> = {}): Promise<Item> {
  const { id } = await addItem(inventory, { quantity: 1, ...overrides });
  const { status, body } = await changeQuantity(inventory, id, { quantity: 0 });
  if (status !== 200) throw new Error(`the fall was answered with ${status}: ${body.detail}`);
  return body;
}

export async function metricOf(inventory: Service, name: string): Promise<number> {
  return (await readMetrics(inventory))(name);
}

async function readMetrics(inventory: Service) {
  const { body } = await call(inventory, 'GET /metrics');
  const lines: string[] = body.split('\n');
  return (name: string) => Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length));
}

/** Waits until no alert waits to be sent; returns the number of alerts counted so far. */
export function allTold(inventory: Service): Promise<number> {
  return eventually(async () => {
    const metric = await readMetrics(inventory);
    return metric('low_stock_webhooks_waiting') === 0 && metric('low_stock_alerts_total');
  });
}

/** The messages about this item. */
export function about({ id }: { id: number }, messages: Told[]): Told[] {
  return messages.filter(({ content }) => content.data.item_id === id);
}

/** The messages that the receiver got during `run`; checks that as many were counted. */
export async function alertsOf(
  { inventory, receiver }: { inventory: Service; receiver: WebhookReceiver },
  run: () => Promise<unknown>,
): Promise<LowStock[]> {
  const counted = await allTold(inventory);
  const { length } = receiver.taken;
  await run();
  const count = (await allTold(inventory)) - counted;
  const alerts = receiver.taken.slice(length).map(({ content }) => content.data);
  if (alerts.length !== count) throw new Error(`${alerts.length} alerts arrived, but ${count} were counted`);
  return alerts;
}

export function alertOf({ id, sku, name, min_quantity }: Item, quantity: number): LowStock {
  return { item_id: id, sku, name, quantity, min_quantity };
}
