import { describe, expect, it } from 'vitest';
import type { FileRecord } from './file-record.ts';
import { readCsv } from './read-csv.ts';

async function* textOf(rows: string[]): AsyncGenerator<string> {
  yield ['sku;name;price;quantity;weight', ...rows].join('\n');
}

const read = (...rows: string[]) => Array.fromAsync(readCsv(textOf(rows)));
const pricesOf = (records: FileRecord[]) => records.map((record) => 'fields' in record && record.fields['price']);

describe('a number that may mean two things', () => {
  it.each([
    ['1.000', 'price "1.000" may mean 1 or 1000, and the other numbers of the file do not show which; write 1 or 1000'],
    ['1,250', /may mean 1,25 or 1250, .*; write 1,25 or 1250$/],
    ['12,125 €', /may mean 12,125 or 12125, .*; write 12,1250 or 12125$/],
  ])('is refused with its cell and what would be right: %s', async (cell, fault) => {
    const [record] = await read(`a;A;${cell};1;`, 'b;B;5;7;');

    expect(record).toMatchObject({ faults: { price: expect.stringMatching(fault) } });
  });

  it.each([
    ['another cell of its column has a decimal comma', ['b;B;12,50;;'], 1000],
    ['another cell of its column has a decimal point', ['b;B;12.50;;'], 1],
    ['another cell of its column has a point twice', ['b;B;1.000.000;;'], 1000],
    ['another cell of its column has both signs', ['b;B;1.234,5;;'], 1000],
    ['another column has a decimal comma', ['b;B;5;;0,350'], 1000],
    ['its column has another sign than other columns', ['b;B;12,50;;', 'c;C;3;;0.350'], 1000],
  ])('is read if %s, before it or after it', async (_what, rows, value) => {
    expect(pricesOf(await read('a;A;1.000;;', ...rows))[0]).toBe(value);
    expect(pricesOf(await read(...rows, 'a;A;1.000;;')).at(-1)).toBe(value);
  });

  it.each([
    ['its column has both signs', ['b;B;12,50;;', 'c;C;12.50;;']],
    ['the other columns have both signs', ['b;B;1;;0.350', 'c;C;1;2,0;']],
    ['only texts have a sign', ['b;12,50;1;;']],
    ['all numbers are alike', ['b;B;2.000;3.000;4.000']],
  ])('is refused if %s', async (_what, rows) => {
    const [record] = await read('a;A;1.000;;', ...rows);

    expect(record).toMatchObject({ faults: { price: expect.stringContaining('may mean 1 or 1000') } });
  });

  it('does not spoil the others: each is read if it is plain', async () => {
    const records = await read('a;A;12,50;;', 'b;B;12.50;;', 'c;C;1 234,5;;', 'd;D;2,5E+03;;');

    expect(pricesOf(records)).toEqual([12.5, 12.5, 1234.5, 2500]);
  });
});

describe('a column with two currencies', () => {
  it('is refused where the second begins', async () => {
    const [first, second, third] = await read('a;A;12,50 €;;', 'b;B;$ 12,50;;', 'c;C;13 €;;');

    expect([first, third]).toMatchObject([{ fields: { price: 12.5 } }, { fields: { price: 13 } }]);
    expect(second).toMatchObject({
      faults: { price: 'price "$ 12,50" has another currency than "12,50 €"; use one currency per column' },
    });
  });
});
