import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, jsonLines, summary } from './a-command-line.ts';
import { readPackage } from './packaging.ts';
import { addItem, anItem, aPackage, makeKit, postPackage, readItem } from './start.ts';

/** More than one round of statements. */
const between = () => Array.from({ length: 499 }, () => anItem());

/** Two items of one kit, and packages that wait for the first. */
async function someWait(line: CommandLine, count: number) {
  const [first, last] = [await addItem(line, { quantity: 0 }), await addItem(line, { quantity: 10 })];
  const packageType = await makeKit(
    line,
    [first, last].map(({ id }) => ({ item_id: id, quantity: 1 })),
  );
  const packages = [];
  for (let n = 0; n < count; n += 1) packages.push((await postPackage(line, aPackage({ packageType }))).body);
  return { first, last, packages };
}

describe.concurrent.each(databases)('a stocktaking that is imported, on %s', (kind) => {
  it('counts the items that packages take once, wherever they are in the file', async () => {
    await using line = await aCommandLine(kind);
    const { first, last } = await someWait(line, 4);
    const file = [anItem({ sku: first.sku, quantity: 4 }), ...between(), anItem({ sku: last.sku, quantity: 10 })];

    await line.import(jsonLines(file), '--set-stock');

    expect((await readItem(line, first.id)).quantity).toBe(0);
    expect((await readItem(line, last.id)).quantity).toBe(6);
  });

  it('fills no back-order with stock that a later line removes', async () => {
    await using line = await aCommandLine(kind);
    const { first, last, packages } = await someWait(line, 1);
    const file = [anItem({ sku: first.sku, quantity: 4 }), ...between(), anItem({ sku: last.sku, quantity: 0 })];

    await line.import(jsonLines(file), '--set-stock');

    expect((await readPackage(line, packages[0].id)).status).toBe('backordered');
  });
});

describe.concurrent('an item that has more in stock than its maximum', () => {
  it('stays unchanged by an import of its own export', async () => {
    await using line = await aCommandLine('sqlite');
    const { sku } = await addItem(line, { quantity: 25, max_quantity: 30 });
    await line.import(jsonLines([{ sku, name: 'Mug', price: 12.5, max_quantity: 20 }]));

    const { out } = await line.run('export');

    expect(await line.import(out)).toMatchObject({ code: 0, out: expect.stringContaining(summary(0, 0, 1)), err: '' });
  });

  it('results from an import that lowers the maximum', async () => {
    await using line = await aCommandLine('sqlite');
    const { id, sku } = await addItem(line, { quantity: 25, max_quantity: 30 });

    expect((await line.import(jsonLines([anItem({ sku, quantity: 25, max_quantity: 20 })]))).code).toBe(0);

    expect(await readItem(line, id)).toMatchObject({ quantity: 25, max_quantity: 20 });
  });
});
