import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, jsonLines, parseLines, readItems } from './a-command-line.ts';
import { anItem } from './start.ts';

/** Invalid lines, each with the reason. */
const badLines: [line: string, reason: string][] = [
  ['nonsense', 'is not valid JSON'],
  ['{"sku": "HALF", "name": "Half"', 'is not valid JSON'],
  ['{"sku": "TWO"} {"sku": "TWO"}', 'is not valid JSON'],
  ['[1]', 'is not a JSON object'],
  ['null', 'is not a JSON object'],
  ['5', 'is not a JSON object'],
  ['{}', 'Missing required fields: name, sku, price'],
  [bad({ sku: ' ' }), 'Missing required fields: sku'],
  [bad({ name: null }), 'Missing required fields: name'],
  [bad({ sku: 5 }), 'sku must be a string'],
  [bad({ sku: 's'.repeat(101) }), 'sku must be 1 to 100 characters long'],
  [bad({ name: 'n'.repeat(256) }), 'name must be 1 to 255 characters long'],
  [bad({ name: 'a\nb' }), 'name must not contain control characters'],
  [bad({ name: '\u001b[31mred' }), 'name must not contain control characters'],
  [bad({ description: 'a\0b' }), 'description must not contain NUL or unpaired surrogates'],
  [bad({ description: '\ud83c' }), 'description must not contain NUL or unpaired surrogates'],
  [bad({ price: '12.50' }), 'price must be a number'],
  [bad({ price: 0 }), 'price must be greater than 0'],
  [bad({ price: 1.005 }), 'price must have at most two decimals'],
  [bad({ price: 1_000_000_000 }), 'price must be at most 999999999.99'],
  [bad({}).replace('12.5', '1e400'), 'price must be a number'],
  [bad({ cost: -0.01 }), 'cost must be at least 0'],
  [bad({ quantity: 1.5 }), 'quantity must be a whole number from 0 to 1000000000'],
  [bad({ quantity: null }), 'quantity must be a whole number from 0 to 1000000000'],
  [bad({ quantity: 2 ** 31 }), 'quantity must be a whole number from 0 to 1000000000'],
  [bad({ min_quantity: -1 }), 'min_quantity must be a whole number from 0 to 1000000000'],
  [bad({ max_quantity: '9' }), 'max_quantity must be a whole number from 0 to 1000000000'],
  [bad({ min_quantity: 20, max_quantity: 20 }), 'max_quantity must be greater than min_quantity'],
  [bad({ is_active: 'true' }), 'is_active must be a boolean'],
  [bad({ category: '' }), 'category must be 1 to 100 characters long'],
  [bad({ brand: ['Acme'] }), 'brand must be a string'],
  [bad({ weight: -1 }), 'weight must be at least 0'],
  [bad({ dimensions: 8 }), 'dimensions must be a string'],
  [bad({ customer_id: 0.5 }), 'customer_id must be an integer, or a text of 1 to 100 visible characters'],
  [bad({ name: 1, price: -1 }), 'name must be a string; price must be greater than 0'],
  [bad({ description: 'd'.repeat(10_001) }), 'description must be at most 10000 characters long'],
  [bad({ description: 'd'.repeat(200_000) }), 'is longer than 200000 characters'],
];

function bad(overrides: Record<string, unknown>): string {
  return JSON.stringify(anItem(overrides));
}

describe('the lines of an import', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it('are reported with number and reason if they are invalid, and nothing is stored', async () => {
    const before = await readItems(line);
    // a valid line before each
    const file = badLines.map(([text]) => `${bad({})}\n${text}\n`).join('');

    const { code, out, err } = await line.import(file);

    expect([code, out]).toEqual([1, '']);
    const told = badLines.map(([, reason], index) => `line ${2 * index + 2}: ${reason}`);
    expect(err.split('\n').slice(0, -2)).toEqual(told);
    expect(err).toContain(`: ${badLines.length} of ${2 * badLines.length} lines are invalid.`);
    expect(await readItems(line)).toEqual(before);
  });

  it('are reported as JSON with --json', async () => {
    const file = badLines.map(([text]) => `${text}\n`).join('');

    const { code, out, err } = await line.import(`${bad({})}\n${file}`, '--json');

    expect([code, err]).toEqual([1, '']);
    expect(parseLines(out)).toEqual([
      ...badLines.map(([, error], index) => ({ line: index + 2, error })),
      { imported: false, bad: badLines.length, good: 1 },
    ]);
  });

  it('are all stored except the invalid ones with --skip-bad', async () => {
    const good = badLines.map(() => anItem());
    const file = badLines.map(([text], index) => `${text}\n${JSON.stringify(good[index])}\n`).join('');
    const before = (await readItems(line)).length;

    const { code, out } = await line.import(`{}\n${file}`, '--skip-bad');

    expect(code).toBe(0);
    expect(out).toContain(`${good.length} added, 0 changed, 0 unchanged, ${badLines.length + 1} invalid and skipped.`);
    expect((await readItems(line)).slice(before)).toMatchObject(good);
  });

  it('are numbered as in an editor', async () => {
    const file = `\ufeff\n\r\n${bad({})}\r\n\n  \nbad\r\n${bad({})}\n\nworse`;

    expect((await line.import(file)).err).toMatch(/^line 6: is not valid JSON\nline 9: is not valid JSON\nNothing /);
  });

  it('may be as long as the longest item with every letter escaped', async () => {
    const item = anItem({ name: '🎁'.repeat(255), description: '🎁'.repeat(10_000), customer_id: '李'.repeat(100) });
    const escaped = JSON.stringify(item).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);

    expect(await line.import(escaped)).toMatchObject({ code: 0, err: '' });
    expect((await readItems(line)).at(-1)).toMatchObject(item);
  });

  it('are read correctly however the file is split into chunks', async () => {
    const item = anItem({ name: 'Ä🎁李', description: 'ß\u2028é' });
    const bytes = Buffer.from(`\ufeff${JSON.stringify(item)}\n`);

    const ran = await line.import(Array.from(bytes, (byte) => Buffer.from([byte])));

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect((await readItems(line)).at(-1)).toMatchObject(item);
  });

  it('have unique skus: the second line with an sku is invalid', async () => {
    const { sku } = anItem();
    const file = jsonLines([anItem(), anItem({ sku, name: 'First' }), anItem({ sku: ` ${sku} `, name: 'Second' })]);

    const ran = await line.import(file, '--skip-bad');

    expect(ran).toMatchObject({ code: 0, err: 'line 3: has the sku of line 2\n' });
    expect((await readItems(line)).at(-1)).toMatchObject({ sku, name: 'First' });
  });

  it('may have unknown fields, which are reported once', async () => {
    const file = jsonLines([anItem({ colour: 'red' }), anItem({ colour: 'blue', toString: 1 })]);

    const ran = await line.import(file.replace('"red"', '"red", "__proto__": {"price": -1}'));

    expect(ran.code).toBe(0);
    expect(ran.err).toBe('"colour", "__proto__", "toString" are not fields of an item and are ignored.\n');
    expect((await line.import(jsonLines([anItem({ colour: 'red' })]))).err).toBe(
      '"colour" is not a field of an item and is ignored.\n',
    );
  });

  it('may have fields that the Inventory sets itself, which are ignored', async () => {
    const given = { id: 999_999, created_at: '2001-01-01T00:00:00.000Z', updated_at: 'never' };

    const ran = await line.import(jsonLines([anItem(given)]));

    expect(ran).toMatchObject({ code: 0, err: '' });
    const stored = (await readItems(line)).at(-1);
    expect(stored?.id).toBeLessThan(999_999);
    expect(stored?.created_at).toMatch(/^(?!2001)/);
  });

  it('may be absent: an empty file is valid', async () => {
    expect(await line.import('')).toMatchObject({ code: 0, out: expect.stringMatching(/^0 lines: /), err: '' });
    expect(await line.import('\ufeff \r\n\n')).toMatchObject({ code: 0, out: expect.stringMatching(/^0 lines: /) });
  });

  it.each([
    ['one JSON array', Buffer.from('[{"sku": "A"}]'), 'The file is one JSON array; write one object per line instead.'],
    ['Latin-1', Buffer.from(jsonLines([anItem({ name: 'Ä' })]), 'latin1'), 'The file is not UTF-8; save it as UTF-8'],
    ['UTF-16', Buffer.from(`\ufeff${jsonLines([anItem()])}`, 'utf16le'), 'The file is not UTF-8; save it as UTF-8'],
    ['cut inside a character', Buffer.from(`${jsonLines([anItem()])}Ä`).subarray(0, -1), 'The file is not UTF-8;'],
  ])('are rejected in a file that is %s, even with --skip-bad', async (_what, file, sentence) => {
    const before = await readItems(line);

    const ran = await line.import(file, '--skip-bad');

    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(sentence) });
    expect(await readItems(line)).toEqual(before);
  });
});
