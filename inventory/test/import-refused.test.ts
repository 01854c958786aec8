import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, jsonLines, parseLines, readItems } from './a-command-line.ts';
import { addItem, anItem, readItem, readMovements } from './start.ts';

/** Everything that an import may change. */
async function everything(line: CommandLine) {
  const items = await readItems(line);
  const ids = items.map(({ id }) => id);
  const movements = await Promise.all(ids.map((id) => readMovements(line, id)));
  const next = await call(line, `GET /api/v1/items/${Math.max(...ids) + 1}`);
  return { items, movements, next: next.status };
}

describe.each(databases)('an import that conflicts with stored items on %s', (kind) => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine(kind);
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it('imports nothing, however many valid lines precede', async () => {
    const { sku } = await addItem(line, { min_quantity: 10 });
    const other = await addItem(line);
    const good = Array.from({ length: 500 }, () => anItem());
    const counted = anItem({ sku: other.sku, price: 99, quantity: 3 });
    const before = await everything(line);

    const ran = await line.import(jsonLines([counted, ...good, anItem({ sku, max_quantity: 10 })]), '--set-stock');

    expect(ran).toEqual({
      code: 1,
      out: '',
      err: [
        'line 502: max_quantity must be greater than min_quantity',
        'Nothing was imported: 1 of 502 lines is invalid. Correct the file, or skip invalid lines with --skip-bad.',
        '',
      ].join('\n'),
    });
    expect(await everything(line)).toEqual(before);
  });

  it('imports the other lines with --skip-bad', async () => {
    const { id, sku, updated_at } = await addItem(line, { min_quantity: 10 });
    const fresh = anItem();
    const file = jsonLines([anItem({ sku, price: 99, max_quantity: 10 }), fresh]);

    const ran = await line.import(file, '--skip-bad --json');

    expect(ran.code).toBe(0);
    expect(parseLines(ran.out)).toEqual([
      { line: 1, error: 'max_quantity must be greater than min_quantity' },
      { imported: true, added: 1, changed: 0, same: 0, bad: 1, low: expect.any(Number) },
    ]);
    expect(await readItem(line, id)).toMatchObject({ price: 12.5, max_quantity: null, updated_at });
    expect((await readItems(line)).at(-1)).toMatchObject(fresh);
  });
});

type Fields = Record<string, unknown>;

describe('an import with invalid lines', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it('imports nothing', async () => {
    const { sku } = await addItem(line);
    const file = jsonLines([anItem(), anItem({ sku, price: 99 }), anItem({ price: -1 }), anItem()]);
    const before = await everything(line);

    expect(await line.import(file, '--set-stock')).toEqual({
      code: 1,
      out: '',
      err: 'line 3: price must be greater than 0\nNothing was imported: 1 of 4 lines is invalid. Correct the file, or skip invalid lines with --skip-bad.\n',
    });
    expect(await everything(line)).toEqual(before);
  });

  it('imports the other lines with --skip-bad', async () => {
    const { id, sku } = await addItem(line);
    const fresh = anItem();
    const file = jsonLines([anItem({ name: '' }), fresh, {}, anItem({ sku, price: 99 })]);

    const ran = await line.import(file, '--skip-bad');

    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringContaining('4 lines: 1 added, 1 changed, 0 unchanged, 2 invalid and skipped.\n'),
      err: 'line 1: Missing required fields: name\nline 3: Missing required fields: name, sku, price\n',
    });
    expect((await readItem(line, id)).price).toBe(99);
    expect((await readItems(line)).at(-1)).toMatchObject(fresh);
  });

  const contradictions: [what: string, there: Fields, given: Fields, reason: string][] = [
    ['a minimum above the maximum', { max_quantity: 40 }, { min_quantity: 40 }, 'max_quantity must be greater than'],
    [
      'a stock above the maximum',
      { max_quantity: 40 },
      { quantity: 41 },
      'The stock would be 41, but the maximum is 40',
    ],
  ];
  it.each(contradictions)('imports nothing if a line would give an item %s', async (_what, there, given, reason) => {
    const { sku } = await addItem(line, there);
    const file = jsonLines([anItem(), anItem({ sku, ...given }), anItem()]);
    const before = await everything(line);

    const { code, err } = await line.import(file, '--set-stock');

    expect(code).toBe(1);
    expect(err).toContain(`line 2: ${reason}`);
    expect(await everything(line)).toEqual(before);
  });
});
