import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { type Fault, startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';
import { about, allTold, fall, metricOf, startTelling } from './low-stock.ts';
import { inventoryEnvironment, startTestInventory } from './start.ts';

/** Gives the next messages these faults, in order; undefined: none. */
function faultsAtFirst(receiver: WebhookReceiver, ...faults: (Fault | undefined)[]): void {
  receiver.onMessage = () => faults.shift();
}

describe.concurrent.each(databases)('low-stock alerts on %s', (kind) => {
  it('survive a restart until they are accepted, and accepted ones are not sent again', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase(kind);
    faultsAtFirst(receiver, undefined, 'reset');
    {
      await using inventory = await startTelling(database, receiver);
      await fall(inventory);
      await allTold(inventory);
      await fall(inventory);
      await eventually(() => expect(receiver.tried).toHaveLength(2));
    }
    const [taken, lost] = receiver.tried;

    await using inventory = await startTelling(database, receiver);
    await fall(inventory);
    await allTold(inventory);

    const [again, last, ...more] = receiver.tried.slice(2);
    expect(again).toMatchObject({ id: lost?.id, body: lost?.body });
    expect(more).toEqual([]);
    expect(new Set([taken, lost, last].map((told) => told?.id)).size).toBe(3);
  });

  it('all arrive after a kill while sending, and only the one under way can arrive twice', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase(kind);
    const items = [];
    {
      await using inventory = await spawnService('inventory', inventoryEnvironment(database, receiver.settings));
      faultsAtFirst(receiver, undefined, undefined, 'no answer');
      for (let count = 0; count < 5; count++) items.push(await fall(inventory));
      await eventually(() => expect(receiver.tried).toHaveLength(3));
      await inventory.end('SIGKILL');
    }

    await using inventory = await startTelling(database, receiver);
    await allTold(inventory);

    expect(items.map((item) => about(item, receiver.tried).length)).toEqual([1, 1, 2, 1, 1]);
    expect(new Set(receiver.tried.map(({ id }) => id)).size).toBe(5);
    expect(receiver.strays).toEqual([]);
  });
});

describe.concurrent('low-stock alerts', () => {
  it('are sent once each by two processes on one PostgreSQL', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase('postgres');
    await using one = await startTelling(database, receiver);
    await fall(one); // so that this process takes the lock
    await allTold(one);
    await using other = await startTelling(database, receiver);
    const falls = Array.from({ length: 20 }, (_, index) => fall(index % 2 ? one : other));

    const items = await Promise.all(falls);
    items.push(await fall(one));
    await allTold(other);

    expect(items.map((item) => about(item, receiver.tried).length)).toEqual(items.map(() => 1));
  });

  it('are logged with their outcome, but never with the URL or the secret', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase('sqlite');
    const { LOW_STOCK_WEBHOOK_URL: url, LOW_STOCK_WEBHOOK_SECRET: secret } = receiver.settings;
    const body = JSON.stringify({ detail: `${url} ${secret}`, error: `${url} ${secret}` });
    const headers = { 'Content-Type': 'application/json', Location: url, 'WWW-Authenticate': secret };
    faultsAtFirst(receiver, { status: 400, headers, body }, { status: 401, headers, body });
    const environment = inventoryEnvironment(database, { ...receiver.settings, LOG_LEVEL: 'debug' });
    await using inventory = await spawnService('inventory', environment);

    const mug = await fall(inventory, { name: 'Mug "Zoë" 🎁', sku: 'MUG-1', quantity: 8, min_quantity: 3 });
    await eventually(() => expect(inventory.output()).toMatch(/answered 400/));
    await fall(inventory, { name: 'Old mug', sku: 'OLD-1', is_active: false });
    const tea = await fall(inventory, { name: 'Tea', sku: 'TEA-1' });
    await eventually(() => expect(inventory.output()).toMatch(/accepts low-stock alerts again/));
    await inventory.end('SIGTERM');

    const told = inventory.output().matchAll(/^\S+ (.*(?:low stock|alert).*)$/gm);
    expect([...told].map(([, line]) => line?.replace(/\d+ s\b/g, 'N s'))).toEqual([
      'WARN low stock: 0 of MUG-1 (Mug "Zoë" 🎁) left, the minimum is 3',
      `WARN alert 1 for item ${mug.id} is not delivered: the webhook answered 400: … …; next attempt in N s`,
      'WARN low stock: 0 of TEA-1 (Tea) left, the minimum is 0',
      expect.stringMatching(
        /^WARN low-stock alerts are not delivered: the webhook answered 401: … … \(.*\); next attempt in N s; 2 alerts wait$/,
      ),
      'the webhook accepts low-stock alerts again',
    ]);
    expect(about(tea, receiver.taken)).toHaveLength(1);
    for (const part of receiver.secrets) expect(inventory.output()).not.toContain(part);
  });

  it('are counted but not stored without a webhook', async () => {
    await using inventory = await startTestInventory('sqlite');

    await fall(inventory);

    expect(await metricOf(inventory, 'low_stock_alerts_total')).toBe(1);
    expect(await metricOf(inventory, 'low_stock_webhooks_waiting')).toBe(0);
  });
});
