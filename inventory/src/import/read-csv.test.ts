import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv } from './read-csv.ts';
import type { FileRecord } from './read-records.ts';

async function* pieces(texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

const read = (...texts: string[]) => Array.fromAsync(readCsv(pieces(texts)));
const fieldsOf = (records: FileRecord[]) => records.flatMap((record) => ('fields' in record ? [record.fields] : []));

/** What a cell of that column is understood as. */
async function readCell(name: string, cell: string): Promise<unknown> {
  const [fields] = fieldsOf(await read(`sku,name,price,${name}\na,A,1,${cell}\n`));
  return fields?.[name];
}

describe('CSV', () => {
  it.each([
    ['commas', ','],
    ['semicolons', ';'],
    ['tabs', '\t'],
  ])('is read with %s between the cells', async (_name, delimiter) => {
    const header = ['sku', 'name', 'price', 'cost'];
    const rows = [header, ['a', 'Ä, "B"; \t', '1.5', ''], ['b', '007', '2', '1']];
    const records = [
      { line: 2, fields: { sku: 'a', name: 'Ä, "B"; \t', price: 1.5, cost: null } },
      { line: 3, fields: { sku: 'b', name: '007', price: 2, cost: 1 } },
    ];

    expect(await read(stringify(rows, { delimiter }))).toEqual(records);
    expect(await read(stringify(rows, { delimiter, quoted: true, record_delimiter: 'windows' }))).toEqual(records);
  });

  it('may end without a line end, or in many of them', async () => {
    const text = 'sku,name,price\na,A,1';

    expect(await read(`${text}\n\n  \n\n`)).toEqual(await read(text));
  });

  it('may have rows that are empty', async () => {
    const records = await read('\n\nsku,name,price\n\n,,\na,A,1\n  \n , ,\nb,B,2\n');

    expect(fieldsOf(records)).toMatchObject([{ sku: 'a' }, { sku: 'b' }]);
    expect(records).toHaveLength(2);
  });

  it('may have its columns in any order, and blanks around their names', async () => {
    expect(await read(' price ,sku, name\n1,a,A\n')).toEqual([{ line: 2, fields: { sku: 'a', name: 'A', price: 1 } }]);
  });

  it('keeps the columns that nobody knows, for whoever tells of them', async () => {
    const [fields = {}] = fieldsOf(await read('sku,name,price,colour,__proto__\na,A,1,red,x\n'));

    expect(Object.keys(fields)).toEqual(['sku', 'name', 'price', 'colour', '__proto__']);
  });

  it.each([
    ['cost', ' 12.50 ', 12.5],
    ['quantity', '+0012', 12],
    ['quantity', '-1', -1],
    ['cost', '', null],
    ['category', ' ', null],
    ['max_quantity', '', null],
    ['quantity', '', undefined],
    ['is_active', '', undefined],
    ['is_active', 'TRUE', true],
    ['is_active', ' false ', false],
    ['brand', 'true', 'true'],
    ['brand', '7', '7'],
    ['dimensions', '  1 x 2 ', '  1 x 2 '],
    ['description', '"two\r\n ""lines"" "', 'two\r\n "lines" '],
  ])('understands in the column %s the cell %j', async (name, cell, value) => {
    expect(await readCell(name, cell)).toEqual(value);
  });

  it.each([
    ['cost', '0x10'],
    ['cost', 'NaN'],
    ['cost', 'Infinity'],
    ['cost', '1_000'],
    ['cost', '1.000,50'],
    ['cost', '१'],
    ['is_active', 'yes'],
    ['is_active', '1'],
  ])('leaves in the column %s what it does not understand as it is: %s', async (name, cell) => {
    expect(await readCell(name, `"${cell}"`)).toBe(cell);
  });

  it.each([
    ['has fewer cells', 'b,B', 'has 2 cells, and the first line names 3 fields'],
    ['has more cells', 'b,B,1,', 'has 4 cells, and the first line names 3 fields'],
    ['has a quote within a cell', 'b,24" screen,1', 'has a quote where none may be; write it twice, within quotes'],
  ])('says of a line that it %s, and goes on behind it', async (_what, row, fault) => {
    const records = await read(`sku,name,price\na,A,1\n${row}\nc,C,3\n`);

    expect(records).toContainEqual({ line: 3, fault });
    expect(fieldsOf(records)).toMatchObject([{ sku: 'a' }, { sku: 'c' }]);
    expect(records).toHaveLength(3);
  });

  it('says that a quote is never closed', async () => {
    expect(await read('sku,name,price\na,A,1\nb,"B,2\n')).toContainEqual({
      line: expect.any(Number),
      fault: 'has a quote that is never closed, so that nothing after it can be read',
    });
  });

  it.each([
    ['lacks what every item needs', 'SKU,name\n', 'it has no sku and no price.'],
    ['names a field twice', 'sku,name,price, name\n', 'names "name" twice.'],
  ])('is refused where its first line %s', async (_what, text, sentence) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(sentence) });
  });

  it('gives every row as it was written, with the number of the line where it begins, wherever it is cut', async () => {
    const name = fc.string({ unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', 'ß', '🎁'), maxLength: 6 });
    const run = async (names: string[], cut: number) => {
      const rows = names.map((text, index) => [`s${index}`, `n${text}`, '1']);
      const letters = [...stringify([['sku', 'name', 'price'], ...rows])];
      let line = 2;
      const records = rows.map(([sku, name = '']) => {
        const record = { line, fields: { sku, name, price: 1 } };
        line += name.split('\n').length;
        return record;
      });

      expect(await read(letters.slice(0, cut).join(''), ...letters.slice(cut))).toEqual(records);
    };
    const property = fc.asyncProperty(fc.array(name, { maxLength: 6 }), fc.integer({ min: 20, max: 60 }), run);
    await fc.assert(property, { numRuns: 50 });
  });
});
