import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { aCommandLine, type CommandLine, jsonLines, readItems, summary } from './a-command-line.ts';
import { addItem, anItem, changeQuantity, readItem, readMovements } from './start.ts';

const everything = {
  name: 'Mug',
  description: 'Stoneware,\n0.3 l',
  price: 12.5,
  cost: 4.2,
  quantity: 7,
  min_quantity: 3,
  max_quantity: 90,
  is_active: false,
  category: 'kitchen',
  brand: 'Ñandú & 李',
  weight: 0.35,
  dimensions: '8 x 8 x 10 cm',
  customer_id: 5,
};

describe.each(databases)('an import on %s', (kind) => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine(kind);
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it('adds the products of a shop; a second import changes nothing, even after stock has moved', async () => {
    const products = await readFile(join(import.meta.dirname, 'items.jsonl'), 'utf8');
    const isProduct = ({ sku }: { sku: string }) => sku.startsWith('NW-');

    const first = await line.import(products);

    const low: Item[] = (await call(line, 'GET /api/v1/items/low-stock')).body;
    expect(low.filter(isProduct)).toHaveLength(17); // and five inactive ones
    const lowLine = `${low.length} items are low in stock now.\n`;
    expect(first).toEqual({ code: 0, out: summary(77, 0, 0) + lowLine, err: '' });
    const chai = (await readItems(line)).find(({ sku }) => sku === 'NW-001');
    expect(chai).toMatchObject({ name: 'Chai', price: 18, quantity: 39, min_quantity: 10, is_active: false });
    await changeQuantity(line, chai?.id ?? 0, { quantity_change: -4 });
    const stored = await readItems(line);
    expect(stored.filter(isProduct)).toHaveLength(77);
    expect(await line.import(products)).toEqual({ code: 0, out: summary(0, 0, 77) + lowLine, err: '' });
    expect(await readItems(line)).toEqual(stored);
    expect(await readMovements(line, chai?.id ?? 0)).toMatchObject([
      { before: 0, change: 39, after: 39, reason: 'imported', package_id: null },
      { before: 39, change: -4, after: 35, reason: 'adjusted' },
    ]);
  });

  it('stores every field as written, and defaults for missing fields', async () => {
    const full = { sku: 'full', ...everything };
    const bare = { sku: 'bare', name: 'Bare', price: 0.01 };

    await line.import(jsonLines([full, bare]));

    const stored = (await readItems(line)).filter(({ sku }) => sku === 'full' || sku === 'bare');
    const nothing = { description: null, cost: null, category: null, brand: null, weight: null, dimensions: null };
    const defaults = { quantity: 0, min_quantity: 0, max_quantity: null, is_active: true, customer_id: null };
    expect(stored).toMatchObject([full, { ...bare, ...nothing, ...defaults }]);
    expect(await readMovements(line, stored[1]?.id ?? 0)).toEqual([]);
  });

  it('updates the named fields of an existing item and keeps the others', async () => {
    const { sku, ...item } = await addItem(line, everything);
    const change = { name: 'Big mug', price: 13, description: null, max_quantity: null, is_active: true };

    const ran = await line.import(jsonLines([{ sku, ...change }]));

    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(summary(0, 1, 0)), err: '' });
    const stored = await readItem(line, item.id);
    expect(stored).toEqual({ sku, ...item, ...change, updated_at: stored.updated_at });
    expect(stored.updated_at > item.updated_at).toBe(true);
    expect((await call(line, 'GET /api/v1/items?name=big mug')).body.items).toEqual([stored]);
  });

  it('keeps the stock of an existing item without --set-stock', async () => {
    const { id, sku } = await addItem(line, { quantity: 10 });
    const uncounted = await addItem(line, { quantity: 5 });
    const file = jsonLines([anItem({ sku, quantity: 4 }), anItem({ sku: uncounted.sku, quantity: undefined })]);

    expect((await line.import(file)).out).toContain(summary(0, 0, 2));
    expect((await readItem(line, id)).quantity).toBe(10);
    expect((await line.import(file, '--set-stock')).out).toContain(summary(0, 1, 1));
    expect((await readItem(line, id)).quantity).toBe(4);
    expect((await readItem(line, uncounted.id)).quantity).toBe(5);
    expect((await readMovements(line, id)).slice(1)).toMatchObject([
      { before: 10, change: -6, after: 4, reason: 'imported' },
    ]);
  });

  it('imports any number of lines', async () => {
    const items = Array.from({ length: 501 }, (_, index) => anItem({ name: `Many ${index}`, quantity: index }));

    expect((await line.import(jsonLines(items))).out).toContain(summary(501, 0, 0));
    const again = items.map((item, index) => (index % 250 === 0 ? { ...item, price: 99, quantity: 1 } : item));
    expect((await line.import(jsonLines(again), '--set-stock')).out).toContain(summary(0, 3, 498));

    const { body } = await call(line, 'GET /api/v1/items?name=many&min_price=99');
    expect(body.items.map(({ name, quantity }: { name: string; quantity: number }) => [name, quantity])).toEqual([
      ['Many 0', 1],
      ['Many 250', 1],
      ['Many 500', 1],
    ]);
    expect((await call(line, 'GET /api/v1/items?name=many')).body.total).toBe(501);
  });
});

// on SQLite two imports in one process would deadlock: each waits for the other's lock on the same thread
describe('two imports at once on postgres', () => {
  it('add an item once', async () => {
    await using line = await aCommandLine('postgres');
    const items = Array.from({ length: 501 }, () => anItem());

    const ran = await Promise.all([line.import(jsonLines(items)), line.import(jsonLines(items.toReversed()))]);

    const summaries = ran.map(({ out }) => out.replace(/.*\n$/, '')).sort();
    expect(summaries).toEqual([summary(0, 0, 501), summary(501, 0, 0)]);
    expect((await call(line, 'GET /api/v1/items')).body.total).toBe(501);
  });
});
