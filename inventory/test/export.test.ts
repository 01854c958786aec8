import { mkdir, readdir } from 'node:fs/promises';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { startTcpProxy } from '@doorstep/kit/test/tcp-proxy.ts';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, drawnEveryTime, jsonLines, parseLines } from './a-command-line.ts';
import { addItem, anItem } from './start.ts';

const fields = [
  ...['name', 'description', 'sku', 'price', 'cost', 'quantity', 'min_quantity', 'max_quantity', 'is_active'],
  ...['category', 'brand', 'weight', 'dimensions', 'customer_id'],
];

describe('an export', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
    await addItem(line, { sku: 'M-1', cost: 4.2, category: 'kitchen, bath' });
  });
  afterAll(() => line[Symbol.asyncDispose]());

  const csv = `${fields.join(',')}\nMug,,M-1,12.5,4.2,10,0,,true,"kitchen, bath",,,,\n`;
  const none = { description: null, max_quantity: null, brand: null, weight: null, dimensions: null };
  const mug = { name: 'Mug', sku: 'M-1', price: 12.5, cost: 4.2, quantity: 10, min_quantity: 0, is_active: true };
  const json = { ...mug, ...none, category: 'kitchen, bath', customer_id: null };

  it.each([
    ['items.csv', '', csv],
    ['ITEMS.CSV', '', csv],
    ['items.txt', ' --format csv', csv],
    ['items.jsonl', ' --format csv', csv],
  ])('writes CSV to %s%s', async (name, words, content) => {
    expect(await line.run(`export ${line.file(name)}${words}`)).toMatchObject({ code: 0 });
    expect(await line.read(name)).toBe(content);
  });

  it.each([
    ['items.jsonl', ''],
    ['items', ''],
    ['items.csv', ' --format jsonl'],
  ])('writes JSON lines to %s%s', async (name, words) => {
    expect(await line.run(`export ${line.file(name)}${words}`)).toMatchObject({ code: 0 });
    const [item] = parseLines(await line.read(name));
    expect(item).toEqual(json);
    expect(Object.keys(item)).toEqual(fields);
  });

  it('writes only items to standard output without a file name', async () => {
    expect(await line.run('export --format csv')).toEqual({ code: 0, out: csv, err: '' });
    expect(parseLines((await line.run('export --json')).out)).toEqual([json]);
  });

  it('shows hidden characters on a terminal, and writes them unchanged for a program', async () => {
    await using other = await aCommandLine('sqlite');
    const description = 'a\u202eb\u2028c\u{e0041}';
    await addItem(other, { sku: 'M-2', description });

    const { out } = await other.run('export', { isTerminal: true });
    expect(out).toContain('"a\\u202eb\\u2028c\\udb40\\udc41"');
    expect((await other.run('export')).out).toContain(description);
  });

  it('reports the number of items written, with --json as JSON', async () => {
    const file = line.file('counted.csv');

    expect(await line.run(`export ${file} --json`)).toEqual({ code: 0, out: '{"written":1}\n', err: '' });
  });

  it('writes only a CSV header, or nothing, without items', async () => {
    await using empty = await aCommandLine('sqlite');

    expect(await empty.run('export')).toEqual({ code: 0, out: '', err: '' });
    const { out } = await empty.run('export --format csv');
    expect(out).toBe(`${fields.join(',')}\n`);
    expect(await empty.import(out)).toMatchObject({ code: 0, out: expect.stringMatching(/^0 lines: /), err: '' });
  });
});

describe('an export as CSV', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
  });
  afterAll(() => line[Symbol.asyncDispose]());

  /** The last row that an export writes, as a parser without any knowledge of spreadsheets reads it. */
  async function exportedRow(words = '') {
    const { out } = await line.run(`export --format csv ${words}`.trim());
    return parse<Record<string, string>>(out, { columns: true, bom: true, delimiter: words === '' ? ',' : ';' }).at(-1);
  }

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '＝1', "'=1", '00123', '="x"', "'", '#N/A'])(
    'marks a text that a spreadsheet would run or change: %s',
    async (name) => {
      await addItem(line, { name });

      expect((await exportedRow())?.['name']).toBe(`'${name}`);
    },
  );

  it('marks a description that begins with a tab or a line break, or is empty', async () => {
    for (const description of ['\t=1', '\r=1', '\n=1', '', ' ']) {
      await addItem(line, { description });
      expect((await exportedRow())?.['description']).toBe(`'${description}`);
    }
  });

  it('writes numbers as numbers, the negative id of a customer too', async () => {
    await addItem(line, { price: 12.5, weight: 1.125, customer_id: -7 });

    expect(await exportedRow()).toMatchObject({ price: '12.5', weight: '1.1250', customer_id: '-7', description: '' });
    expect(await exportedRow('--decimal-comma')).toMatchObject({ price: '12,5', weight: '1,1250', customer_id: '-7' });
  });

  it('marks the id of a customer that a spreadsheet would round', async () => {
    await addItem(line, { customer_id: '7615917337495251231' });
    expect((await exportedRow())?.['customer_id']).toBe("'7615917337495251231");

    await addItem(line, { customer_id: 123_456_789_012 });
    expect((await exportedRow())?.['customer_id']).toBe("'123456789012");
  });

  it.each([
    ['--bom', '\ufeffname,description,sku,'],
    ['--decimal-comma', 'name;description;sku;'],
    ['--bom --decimal-comma', '\ufeffname;description;sku;'],
  ])('with %s begins with %j', async (words, start) => {
    await line.run(`export ${line.file('items.csv')} ${words}`);

    expect((await line.read('items.csv')).startsWith(start)).toBe(true);
  });

  it.each(['--bom', '--decimal-comma'])('alone can have %s', async (flag) => {
    expect(await line.run(`export items.jsonl ${flag}`)).toEqual({
      code: 2,
      out: '',
      err: `${flag} is only for CSV; add --format csv.\n`,
    });
  });
});

describe('the file of an export', () => {
  it.each([
    ['in a missing folder', 'nowhere/items.csv', 'The file cannot be written: no such file or directory.\n'],
    ['a folder', 'folder', 'The file cannot be written: illegal operation on a directory.\n'],
  ])('is not written if the path is %s', async (_what, name, err) => {
    await using line = await aCommandLine('sqlite');
    await mkdir(line.file('folder'));
    const before = await readdir(line.database.dataDir);

    expect(await line.run(`export ${line.file(name)}`)).toEqual({ code: 2, out: '', err });
    expect(await readdir(line.database.dataDir)).toEqual(before);
  });

  it('is replaced atomically', async () => {
    await using line = await aCommandLine('sqlite');
    await line.write('items.jsonl', 'longer than what comes'.repeat(100));

    await line.run(`export ${line.file('items.jsonl')}`);

    expect(await line.read('items.jsonl')).toBe('');
  });

  it('stays unchanged if the database becomes unavailable halfway', async () => {
    await using database = await freshDatabase('postgres');
    await using proxy = await startTcpProxy(database.url);
    await using line = await aCommandLine('postgres', {}, database);
    await line.import(jsonLines(Array.from({ length: 1001 }, () => anItem())));
    await line.write('items.csv', 'as it was');
    const before = await readdir(database.dataDir);
    using _bar = drawnEveryTime();

    const ran = await line.run(`export ${line.file('items.csv')}`, {
      environment: { DATABASE_URL: proxy.url },
      watch: (written) => void (written.includes('1000/1001 items written') && proxy.refuse()),
    });

    expect(ran).toMatchObject({ code: 3, out: '' });
    expect(await line.read('items.csv')).toBe('as it was');
    expect(await readdir(database.dataDir)).toEqual(before);
  });
});
