import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { aCommandLine, summary } from './a-command-line.ts';
import { addItem, anItem, readItem, startTestInventory, type TestInventory } from './start.ts';

describe.each(databases)('skus that look alike on %s', (kind) => {
  let inventory: TestInventory;
  let mug: Item;
  let number = 0;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());
  beforeEach(async () => {
    number += 1;
    mug = await addItem(inventory, { sku: `MUG-É ${number}` });
  });

  const put = (body: unknown, { id } = mug) => call(inventory, `PUT /api/v1/items/${id}`, { body });
  const alike: [what: string, write: (sku: string) => string][] = [
    ['with a soft hyphen', (sku) => `${sku}\u00ad`],
    ['with a direction', (sku) => `\u202e${sku}`],
    ['in small letters', (sku) => sku.toLowerCase()],
    ['in full width', (sku) => sku.replace('MUG-', 'ＭＵＧ－')],
    ['with another space', (sku) => sku.replace(' ', '\u00a0 ')],
    ['with an accent of its own', (sku) => sku.normalize('NFD')],
  ];

  it.each(alike)('are the same, %s', async (_, write) => {
    const sku = write(mug.sku);
    const other = await addItem(inventory);
    const taken = { status: 409, body: { existing_id: mug.id } };

    expect(await call(inventory, 'POST /api/v1/items/', { body: anItem({ sku }) })).toMatchObject(taken);
    expect(await put({ sku, price: 99 }, other)).toMatchObject(taken);
    expect(await readItem(inventory, other.id)).toEqual(other);
  });

  it('may replace each other in their item', async () => {
    const sku = mug.sku.toLowerCase();
    expect(await put({ sku })).toMatchObject({ status: 200, body: { id: mug.id, sku } });
    expect((await put({ sku: mug.sku, price: 3 })).body).toMatchObject({ sku: mug.sku, price: 3 });
  });

  it('lose what cannot be seen, as categories, brands and dimensions do', async () => {
    const text = 'A\u200b\u00ad-\u202e1 لباس\u200cها';
    const given = { sku: `${text} ${number}`, category: text, brand: text, dimensions: text };
    const shown = 'A-1 لباس\u200cها';
    const expected = { sku: `${shown} ${number}`, category: shown, brand: shown, dimensions: shown };
    expect(await addItem(inventory, given)).toMatchObject(expected);
    expect((await put({ category: text })).body.category).toBe(shown);
  });

  it.each(['sku', 'category', 'brand', 'dimensions'])('need a visible character, as every %s does', async (field) => {
    for (const text of ['\u200b', '\u00ad\u2060', '\u3164', '\u0301']) {
      const { status, body } = await call(inventory, 'POST /api/v1/items/', { body: anItem({ [field]: text }) });
      expect([status, body.errors]).toMatchObject([400, [{ field }]]);
    }
  });

  it.each(['category', 'brand'])('are found like a %s that looks alike', async (field) => {
    const { id } = await addItem(inventory, { [field]: `Küche ${number}` });
    for (const asked of [`KU\u0308CHE\u00a0${number}`, `ｋüche ${number}`, `kü\u00adche  ${number}`]) {
      const { body } = await call(inventory, `GET /api/v1/items?${field}=${encodeURIComponent(asked)}`);
      expect(body.items.map((item: Item) => item.id)).toEqual([id]);
    }
    const { body } = await call(inventory, `GET /api/v1/items?${field}=Kuche%20${number}`);
    expect(body.total).toBe(0);
  });
});

describe.each(databases)('an import on %s', (kind) => {
  it('changes the item whose sku looks alike, which keeps its own spelling', async () => {
    await using line = await aCommandLine(kind);
    await line.import('name,sku,price\nMug,MUG-01,1.00\n');

    const changed = await line.import('name,sku,price\nMug,mug-01\u00ad,2.00\nCup,CUP-01,3.00\n');
    const again = await line.import('name,sku,price\nMug,mug-01\u00ad,2.00\nCup,CUP-01,3.00\n');

    expect(changed.out).toContain(summary(1, 1, 0));
    expect(again.out).toContain(summary(0, 0, 2));
    const { out } = await line.run('export --format csv');
    expect(out.split('\n').map((row) => row.split(',')[2])).toEqual(['sku', 'MUG-01', 'CUP-01', undefined]);
  });

  it('refuses a second line whose sku looks alike', async () => {
    await using line = await aCommandLine(kind);

    const { code, err } = await line.import('name,sku,price\nMug,MUG-01,1.00\nMug,ＭＵＧ-01,2.00\n');

    expect([code, err]).toEqual([1, expect.stringContaining('line 3: has the sku of line 2')]);
  });

  it('refuses a name with an invisible character, and says which', async () => {
    await using line = await aCommandLine(kind);

    const { code, err } = await line.import('name,sku,price\nMug\u200b,MUG-01,1.00\n');

    expect([code, err]).toEqual([
      1,
      expect.stringContaining('line 2: name must not contain the invisible character U+200B'),
    ]);
  });
});
