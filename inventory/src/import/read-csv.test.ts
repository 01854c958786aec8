import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileRecord } from './file-record.ts';
import { readCsv } from './read-csv.ts';
import { lineMax } from './read-lines.ts';

async function* pieces(texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

const read = (...texts: string[]) => Array.fromAsync(readCsv(pieces(texts)));
const fieldsOf = (records: FileRecord[]) => records.flatMap((record) => ('fields' in record ? [record.fields] : []));

/** The value that a cell of that column is read as. */
async function readCell(name: string, cell: string): Promise<unknown> {
  const [fields] = fieldsOf(await read(`sku,name,price,${name}\na,A,1,${cell}\n`));
  return fields?.[name];
}

describe('CSV', () => {
  it.each([
    ['commas', ','],
    ['semicolons', ';'],
    ['tabs', '\t'],
  ])('is read with %s as delimiters', async (_name, delimiter) => {
    const header = ['sku', 'name', 'price', 'cost'];
    const rows = [header, ['a', 'Ä, "B"; \t', '1.5', ''], ['b', '007', '2', '1']];
    const records = [
      { line: 2, fields: { sku: 'a', name: 'Ä, "B"; \t', price: 1.5, cost: null } },
      { line: 3, fields: { sku: 'b', name: '007', price: 2, cost: 1 } },
    ];

    expect(await read(stringify(rows, { delimiter }))).toEqual(records);
    expect(await read(stringify(rows, { delimiter, quoted: true, record_delimiter: 'windows' }))).toEqual(records);
  });

  it('keeps the id of a customer as it is written', async () => {
    const ids = ['7', '-7', '007', '7615917337495251231', '3c4f9a52-5a0e', '12e5', 'Doe John'];
    for (const id of ids) expect(await readCell('customer_id', ` ${id} `)).toBe(id);
    expect(await readCell('customer_id', '')).toBe(null);
  });

  it.each(['7.0', '7.61592E+18', '7E+18', '-7.00', '1.234', '1 234'])(
    'refuses %s as the id of a customer',
    async (cell) => {
      const fault = `customer_id ${cell} may be a number or a text; write 7 for the number 7, or '7.0 for the text 7.0`;
      expect(await read(`sku,name,price,customer_id\na,A,1,${cell}\n`)).toMatchObject([
        { faults: { customer_id: fault } },
      ]);
      expect(await readCell('customer_id', `'${cell}`)).toBe(cell);
    },
  );

  it('may end with no line break or with many', async () => {
    const text = 'sku,name,price\na,A,1';

    expect(await read(`${text}\n\r\n  \n\n`)).toEqual(await read(text));
  });

  it('may have empty rows, which count as lines', async () => {
    expect(await read('\n\nsku,name,price\n\n,,\na,A,1\n  \n , ,\nb,B,2\n')).toMatchObject([
      { line: 6, fields: { sku: 'a' } },
      { line: 9, fields: { sku: 'b' } },
    ]);
  });

  it('may mix the line breaks of several systems', async () => {
    expect(await read('sku,name,price\r\na,A,1\nb,B,2\rc,C,3\r\nd,D,4')).toMatchObject([
      { line: 2, fields: { sku: 'a', price: 1 } },
      { line: 3, fields: { sku: 'b', price: 2 } },
      { line: 4, fields: { sku: 'c', price: 3 } },
      { line: 5, fields: { sku: 'd', price: 4 } },
    ]);
  });

  it('may have its columns in any order, in any case and with spaces around their names', async () => {
    expect(await read(' Price ,SKU, name\n1,a,A\n')).toEqual([{ line: 2, fields: { sku: 'a', name: 'A', price: 1 } }]);
    expect(await read('sku,NAME,price,Min Quantity,is-active\na,A,1,2,x\n')).toMatchObject([
      { fields: { min_quantity: 2 }, faults: { is_active: expect.any(String) } },
    ]);
  });

  it('keeps unknown columns, so that they can be reported, and drops columns without a name', async () => {
    const [fields = {}] = fieldsOf(await read('sku,name,price,colour,,\na,A,1,red,x,y\n'));

    expect(Object.entries(fields)).toEqual([
      ['sku', 'a'],
      ['name', 'A'],
      ['price', 1],
      ['colour', 'red'],
    ]);
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
    ['dimensions', " '1-2 ", '1-2'],
    ['description', '"two\r\n ""lines"" "', 'two\r\n "lines" '],
    ['description', "'", ''],
    ['category', '="00123"', '00123'],
    ['category', '"=""00,123"""', '00,123'],
    ['category', "'00125", '00125'],
    ['category', "'t Hof", "'t Hof"],
    ['category', '=""', null],
    ['cost', '="12"', 12],
    ['cost', "'12.5", 12.5],
    ['cost', "'", null],
    ['cost', '"€ 1,234.50"', 1234.5],
    ['cost', '"1.234,50\u00a0€"', 1234.5],
    ['cost', 'CHF 12.50', 12.5],
    ['cost', '"12,5 kr."', 12.5],
    ['is_active', '"WAHR"', true],
    ['is_active', 'faux', false],
    ['is_active', '1', true],
    ['is_active', '0', false],
    ['is_active', 'Yes', true],
    ['is_active', 'no', false],
    ['is_active', 'YANLIŞ', false],
  ])('converts in the column %s the cell %j', async (name, cell, value) => {
    expect(await readCell(name, cell)).toEqual(value);
  });

  it.each([
    ['cost', '0x10', 'cost must be a number, not "0x10"'],
    ['cost', '19 %', 'cost must be a number, not "19 %"'],
    ['cost', '12 pcs', 'cost must be a number, not "12 pcs"'],
    ['weight', '5 €', 'weight must be a number, not "5 €"'],
    ['cost', `1${'x'.repeat(90_000)}1`, `cost must be a number, not "1${'x'.repeat(39)}…"`],
    ['cost', 'x'.repeat(50), `cost must be a number, not "${'x'.repeat(40)}…"`],
    ['is_active', 'maybe', 'is_active must be true or false, not "maybe"'],
    ['category', '#NAME?', 'category is #NAME?, the error of a formula; correct the formula'],
    ['category', '#N/A', 'category is #N/A, the error of a formula; correct the formula'],
  ])('reports in the column %s the cell %.20s', async (name, cell, fault) => {
    const [record] = await read(`sku,name,price,${name}\na,A,1,${cell}\n`);

    expect(record).toEqual({ line: 2, fields: { sku: 'a', name: 'A', price: 1 }, faults: { [name]: fault } });
  });

  it('reports an sku that a spreadsheet has rounded', async () => {
    const [record] = await read('sku;name;price\n4,00638E+12;A;1\n');

    expect(record).toMatchObject({ faults: { sku: expect.stringContaining('rounded; format the column as text') } });
  });

  it('may have rows without their trailing empty cells, or with more of them', async () => {
    const fields = { sku: 'a', name: 'A', price: 1, cost: null, brand: null };

    expect(await read('sku,name,price,cost,brand,,\na,A,1\na,A,1,,,,,,\n')).toEqual([
      { line: 2, fields },
      { line: 3, fields },
    ]);
  });

  it('reports a row with more cells than the header, and continues after it', async () => {
    const fault = 'has 4 cells, but the header names 3 fields; put quotes around a cell that contains ","';

    expect(await read('sku,name,price\na,A,1\nb,B,1,50\nc,C,3\n')).toEqual([
      { line: 2, fields: { sku: 'a', name: 'A', price: 1 } },
      { line: 3, fault },
      { line: 4, fields: { sku: 'c', name: 'C', price: 3 } },
    ]);
  });

  it.each([
    ['sep=;', ';'],
    ['"sep=;"', ';'],
    ['SEP=,', ','],
    ['sep=\t', '\t'],
    ['sep=|', '|'],
    ['sep=;;;', ';'],
  ])('may declare its delimiter on a first line: %j', async (first, delimiter) => {
    const rows = [
      ['sku', 'name', 'price'],
      ['a', 'A', '1'],
    ].map((cells) => cells.join(delimiter));

    expect(await read(`${first}\r\n${rows.join('\r\n')}\r\n`)).toEqual([
      { line: 3, fields: { sku: 'a', name: 'A', price: 1 } },
    ]);
  });

  it('is rejected if it declares another delimiter', async () => {
    await expect(read('sep=^\nsku^name^price\n')).rejects.toMatchObject({
      message: 'The delimiter "^" cannot be read; use , or ; or | or a tab.',
    });
  });

  it('may have delimiters in the quoted cells of its header', async () => {
    expect(await read('"sku";"name";"price";"net, in EUR, Berlin"\na;A;1;x\n')).toMatchObject([
      { fields: { sku: 'a', name: 'A', price: 1, 'net, in EUR, Berlin': 'x' } },
    ]);
  });

  it.each([
    ['a quote is never closed', 'b,"B,2\nc,C,3\n'],
    ['a quote is never closed, and much text follows', `b,"B,2\n${'c,C,3\n'.repeat(20_000)}`],
    ['a row is longer than any item', `b,${'B'.repeat(lineMax + 1)},2\nc,C,3\n`],
  ])('is rejected with the line on which the row begins if %s', async (_what, rows) => {
    await expect(read(`sku,name,price\na,A,1\n${rows}`)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/\bline 3\b.* nothing after it can be read/),
    });
  });

  it.each([
    ['lacks a required field', 'code,name\n', 'it has no sku and no price.'],
    ['names a field twice', 'sku,name,price, Name\n', 'names "name" twice.'],
  ])('is rejected if its header %s', async (_what, text, sentence) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(sentence) });
  });

  it('returns every row as written, with its first line number, however the text is split', async () => {
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
