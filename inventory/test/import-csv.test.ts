import { stringify } from 'csv-stringify/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, readItems } from './a-command-line.ts';
import { addItem, anItem, readItem } from './start.ts';

describe('an import of CSV', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
  });
  afterAll(() => line[Symbol.asyncDispose]());

  const full = () => ({
    ...anItem({ name: 'Mug, "big"', description: 'Stoneware;\n0.3 l', price: 12.5, cost: 0.1, quantity: 7 }),
    ...{ min_quantity: 3, max_quantity: 90, is_active: false, category: '007', brand: 'true', weight: 0.35 },
    ...{ dimensions: '8 x 8', customer_id: 5 },
  });

  it.each([
    ['commas', {}],
    ['semicolons', { delimiter: ';' }],
    ['tabs', { delimiter: '\t' }],
    ['quotes everywhere and Windows line endings', { quoted: true, record_delimiter: 'windows' }],
    ['a byte order mark', { bom: true }],
  ])('stores a file with %s', async (_what, options) => {
    const items = [full(), { ...full(), is_active: true }];

    const ran = await line.import(stringify(items, { header: true, cast: { boolean: String }, ...options }));

    expect(ran).toMatchObject({ code: 0, err: '' });
    expect((await readItems(line)).slice(-2)).toMatchObject(items);
  });

  it('reads characters that are split between chunks', async () => {
    const { sku } = anItem();
    const bytes = Buffer.from(`\ufeffsku,name,price\n${sku},"Ä🎁李",1\n`);

    await line.import(Array.from(bytes, (byte) => Buffer.from([byte])));

    expect((await readItems(line)).at(-1)).toMatchObject({ sku, name: 'Ä🎁李' });
  });

  it('clears a field with an empty cell, and keeps fields without a column and required fields', async () => {
    const { id, sku } = await addItem(line, { ...full(), is_active: false });

    const ran = await line.import(`sku,name,price,cost,category,is_active,max_quantity\n${sku},Mug,2,,,,\n`);

    expect(ran.code).toBe(0);
    expect(await readItem(line, id)).toMatchObject({
      ...{ name: 'Mug', price: 2, cost: null, category: null, max_quantity: null },
      ...{ is_active: false, quantity: 7, min_quantity: 3, brand: 'true', weight: 0.35, customer_id: 5 },
    });
  });

  it('reports each invalid row with the line on which it begins, and imports nothing', async () => {
    const before = await readItems(line);
    const rows = [
      'sku,name,price,quantity,is_active,description',
      'C-1,Good,1,1,true,',
      'C-2,Bad,1 pc,1,true,',
      'C-3,"Over',
      'lines",1,1,true,"and',
      'more"',
      'C-4,Bad,1,-1,maybe,',
      ',Bad,,1,,',
      'C-5,Bad',
      'C-6,Bad,1,1,,,,x',
      'C-1,Twice,1,1,,',
    ];

    const { code, out, err } = await line.import(`${rows.join('\n')}\n`);

    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n').slice(0, -1)).toEqual([
      'line 3: price must be a number, not "1 pc"',
      'line 4: name must not contain control characters',
      'line 7: is_active must be true or false, not "maybe"; quantity must be a whole number from 0 to 1000000000',
      'line 8: Missing required fields: sku, price',
      'line 9: Missing required fields: price',
      'line 10: has 8 cells, but the header names 6 fields; put quotes around a cell that contains ","',
      'line 11: has the sku of line 2',
      'Nothing was imported: 7 of 8 lines are invalid. Correct the file, or skip invalid lines with --skip-bad.',
    ]);
    expect(await readItems(line)).toEqual(before);
  });

  it('reports unknown columns and ignores them', async () => {
    const { sku } = anItem();

    const ran = await line.import(`sku,name,price,colour,id,created_at\n${sku},Mug,1,red,9,never\n`);

    expect(ran).toMatchObject({ code: 0, err: '"colour" is not a field of an item and is ignored.\n' });
    expect((await readItems(line)).at(-1)).toMatchObject({ sku, name: 'Mug', price: 1 });
  });

  it.each([
    ['has no header', 'A-1,Mug,12.50\n', /it has no sku and no name and no price\.\n$/],
    ['does not name the price', 'sku,name,cost\nA-1,Mug,1\n', /it has no price\.\n$/],
    ['names a field twice', 'sku,name,price,name\nA-1,Mug,1,Cup\n', /names "name" twice\.\n$/],
    ['has an unclosed quote', 'sku,name,price\nA-1,Mug,1\nA-2,"Mug,1\n', /\bline 3 .*nothing after it can be read/],
    ['is not UTF-8', Buffer.from('sku,name,price\nA-1,Krügchen,1\n', 'latin1'), /save it as UTF-8, in Excel/],
  ])('is rejected if the file %s', async (_what, file, sentence) => {
    const ran = await line.import(file, '--skip-bad');

    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(sentence) });
    expect((await readItems(line)).some(({ sku }) => sku === 'A-1')).toBe(false);
  });
});
