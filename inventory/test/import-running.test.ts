import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, jsonLines, readItems, spawnCommand, summary } from './a-command-line.ts';
import { startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';
import type { ImportToKill } from './killed-import-main.ts';
import {
  addItem,
  anItem,
  aPackage,
  changeQuantity,
  makeKit,
  postPackage,
  readItem,
  readMovements,
  readPackages,
} from './start.ts';

describe.each(databases)('an import while the service is running on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let receiver: WebhookReceiver;
  let line: CommandLine;
  beforeAll(async () => {
    receiver = resources.use(await startWebhookReceiver());
    line = resources.use(await aCommandLine(kind, receiver.settings));
  });
  afterAll(() => resources.disposeAsync());

  it('fills back-orders from its stock, oldest first, and raises the resulting low-stock alerts', async () => {
    const empty = await addItem(line, { quantity: 0 });
    const plenty = await addItem(line, { quantity: 10, min_quantity: 6 });
    const raised = await addItem(line, { quantity: 5, min_quantity: 1 });
    const other = await addItem(line, { quantity: 2, min_quantity: 1 });
    const packageType = await makeKit(
      line,
      [empty, plenty].map(({ id }) => ({ item_id: id, quantity: 2 })),
    );
    for (let count = 0; count < 3; count += 1) await postPackage(line, aPackage({ packageType }));

    const file = jsonLines([
      anItem({ sku: raised.sku, quantity: 5, min_quantity: 5 }),
      anItem({ sku: empty.sku, quantity: 5 }),
    ]);

    const ran = await line.import(file, '--set-stock');

    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(summary(0, 2, 0)) });
    const packages = await readPackages(line);
    expect(packages.map(({ status }) => status)).toEqual(['received', 'received', 'backordered']);
    expect((await readMovements(line, empty.id)).map(({ change, reason }) => [change, reason])).toEqual([
      [5, 'imported'],
      [-2, 'packaged'],
      [-2, 'packaged'],
    ]);
    expect([(await readItem(line, empty.id)).quantity, (await readItem(line, plenty.id)).quantity]).toEqual([1, 6]);
    await changeQuantity(line, other.id, { quantity: 1 }); // another alert wakes the worker, so that the test need not wait for its poll
    const told = await eventually(() => receiver.taken.length >= 3 && receiver.taken);
    expect(told.map(({ content: { data } }) => [data.sku, data.quantity])).toEqual([
      [raised.sku, 5],
      [plenty.sku, 6],
      [other.sku, 1],
    ]);
  });

  it('loses no concurrent sale', async () => {
    const item = await addItem(line, { quantity: 100_000 });
    const others = Array.from({ length: 1000 }, () => anItem());
    const importing = spawnCommand('import - --set-stock --skip-bad', line.database);
    importing.stdin.write('{}\n'); // an invalid line, which it reports as soon as it reads it
    await eventually(() => importing.err().startsWith('line 1: '));

    let isOver = false;
    const ended = importing.ended.finally(() => {
      isOver = true;
    });
    importing.stdin.end(jsonLines([anItem({ sku: item.sku, quantity: 50_000 }), ...others]));
    const statuses = new Set<number>();
    while (!isOver) statuses.add((await changeQuantity(line, item.id, { quantity_change: -1 })).status);

    expect(await ended).toMatchObject({ code: 0, out: expect.stringContaining('1000 added, 1 changed') });
    expect([...statuses]).toEqual([200]);
    const movements = await readMovements(line, item.id);
    const counting = movements.findIndex(({ reason }) => reason === 'imported');
    const { quantity } = await readItem(line, item.id);
    expect(movements[counting]?.after).toBe(50_000);
    expect(quantity).toBe(50_000 - (movements.length - 1 - counting));
    expect(movements.reduce((sum, { change }) => sum + change, 0)).toBe(quantity);
  });
});

describe.each(databases)('an import that is killed on %s', (kind) => {
  it('stores nothing and can be repeated', async () => {
    await using database = await freshDatabase(kind);
    const script = join(import.meta.dirname, 'killed-import-main.ts');
    const toKill: ImportToKill = { afterLines: 1000 };
    const environment = { IMPORT_TO_KILL: JSON.stringify(toKill) };
    // more than a database keeps in memory until the commit
    const items = Array.from({ length: 1001 }, () => anItem({ description: 'x'.repeat(10_000) }));

    const importing = spawnCommand('import -', database, { script, environment });
    importing.stdin.end(jsonLines(items));

    expect(await importing.ended).toMatchObject({ signal: 'SIGKILL', out: '' });
    await using line = await aCommandLine(kind, {}, database);
    expect(await readItems(line)).toEqual([]);
    expect((await line.import(jsonLines(items.slice(0, 2)))).out).toContain(summary(2, 0, 0));
  });
});

describe('an import of stock for more back-orders than one transaction fills', () => {
  it('fills them all before it exits', async () => {
    await using line = await aCommandLine('sqlite');
    const { id, sku } = await addItem(line, { quantity: 0 });
    const packageType = await makeKit(line, [{ item_id: id, quantity: 1 }]);
    const packages = Array.from({ length: 501 }, () => aPackage({ packageType }));
    for (const some of [packages.slice(1), packages.slice(0, 1)]) {
      await call(line, 'POST /packages/batch', { body: { packages: some } });
    }

    await line.import(jsonLines([anItem({ sku, quantity: 502 })]), '--set-stock');

    expect((await call(line, 'GET /packages?status=backordered')).body).toEqual([]);
    expect((await readItem(line, id)).quantity).toBe(1);
  });
});
