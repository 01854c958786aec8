import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTextCell, toTextCell } from './text-cell.ts';

const part = fc.constantFrom("'", '"', '=', '-', '@', ' ', '\t', '\n', '0', '7', '.', 'E', '#', 'N/A', '!', 'x', '＝');

describe('a text in a CSV file', () => {
  it.each(['Mug', '12345', '0', "'t Hof", "'80s mug", "''Mug''", '8 x 8', '5 kg', '#1', 'a=b', ' =1', 'é'])(
    'is written as it is: %s',
    (text) => {
      expect(toTextCell(text)).toBe(text);
      expect(readTextCell(text)).toEqual({ text, isLiteral: false });
    },
  );

  it.each([
    ...['=1+1', '+1', '-1', '-2+3', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x'],
    ...['00123', '4006381333931', '1E5', '7.0', '1-2', '3/4', '12:30', '2026-01-31', '5%'],
    ...['', ' ', '#N/A', '#NAME?', '#DIV/0!', '#¡REF!', 'Err:502', "'", "''", "'=1", "'00123", "''00123"],
  ])('is marked with an apostrophe if a spreadsheet would run, change or lose it: %j', (text) => {
    expect(toTextCell(text)).toBe(`'${text}`);
    expect(readTextCell(`'${text}`)).toEqual({ text, isLiteral: true });
  });

  it('is read back exactly, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        expect(readTextCell(toTextCell(given)).text).toBe(given);
        expect(toTextCell(given)).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['="00123"', '00123'],
    ['="a ""b"""', 'a "b"'],
    ["'125", '125'],
  ])('may be written as spreadsheets do: %s', (cell, text) => {
    expect(readTextCell(cell)).toEqual({ text, isLiteral: true });
  });

  it('may be a formula for nothing, which means no value', () => {
    expect(readTextCell('=""')).toEqual({ text: '', isLiteral: false });
  });

  it.each(['="a', '="a"b"', '="a"&"b"', '=1+1', '="a" '])('is no other formula: %s', (cell) => {
    expect(readTextCell(cell)).toEqual({ text: cell, isLiteral: false });
  });
});
