import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainNumber } from './read-cell.ts';
import { readNumber } from './read-number.ts';

describe('a number of a spreadsheet', () => {
  it.each([
    ['12', 12],
    ['+0012', 12],
    ['-1', -1],
    ['\u22125', -5],
    ['1 234', 1234],
    ['1\u00a0234\u00a0567', 1_234_567],
    ["1'234", 1234],
    ['2e3', 2000],
  ])('%s is a number whatever the decimal sign is', (cell, value) => {
    expect(readNumber(cell)).toEqual({ value });
    expect(readNumber(` ${cell}\u00a0`)).toEqual({ value });
  });

  it.each([
    ['12.50', 12.5],
    ['.5', 0.5],
    ['0.350', 0.35],
    ['1234.500', 1234.5],
    ['1.2345', 1.2345],
    ['1,234.50', 1234.5],
    ['1,234,567', 1_234_567],
    ['12,34,567.8', 1_234_567.8],
    ["1'234.500", 1234.5],
    ['1.000E+03', 1000],
    ['1.5e-7', 1.5e-7],
  ])('%s shows a decimal point', (cell, value) => {
    expect(readNumber(cell)).toEqual({ value, sign: '.' });
  });

  it.each([
    ['12,50', 12.5],
    ['0,350', 0.35],
    ['1.234,50', 1234.5],
    ['1.234,567', 1234.567],
    ['1.234.567', 1_234_567],
    ['1 234,567', 1234.567],
    ['1\u00a0234,50', 1234.5],
    ['1\u202f234\u202f567,8', 1_234_567.8],
    ['-1.234,5', -1234.5],
    ['1,5E+03', 1500],
    ['1,5e\u22122', 0.015],
  ])('%s shows a decimal comma', (cell, value) => {
    expect(readNumber(cell)).toEqual({ value, sign: ',' });
  });

  it.each([
    ['1.000', 1, 1000],
    ['12.345', 12.345, 12_345],
    ['1,000', 1000, 1],
    ['-999,999', -999_999, -999.999],
  ])('%s may mean either', (cell, point, comma) => {
    expect(readNumber(cell)).toEqual({ '.': point, ',': comma });
  });

  it.each([
    ...[
      '',
      '-',
      '.',
      '1.',
      '1..5',
      '1,2,3',
      '1.00.000',
      '1.2.2026',
      '1 23',
      '12 34.5',
      '1.000 000',
      "1'00",
      '0.000.000',
    ],
    ...['0x10', 'NaN', 'Infinity', '1_000', '१', '5%', '1e', 'e5', '1.000.000E+03', '1e9999', '5-', '(5)', '1\n234'],
  ])('%j is none', (cell) => {
    expect(readNumber(cell)).toBeUndefined();
  });

  it('is never one number in one notation and another number in the other', () => {
    const cents = fc.integer({ min: 1, max: 99_999_999_999 }).map((value) => value / 100);
    const locale = fc.constantFrom('en', 'de', 'fr', 'de-CH', 'en-IN', 'sv', 'pl', 'pt-BR', 'es', 'ru');
    const property = fc.property(cents, locale, fc.boolean(), (value, language, useGrouping) => {
      const cell = new Intl.NumberFormat(language, { useGrouping, maximumFractionDigits: 2 }).format(value);
      const reading = readNumber(cell);
      expect(reading && ('value' in reading ? [reading.value] : Object.values(reading))).toContain(value);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('is plain as an export writes it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1_000_000, noNaN: true }), fc.nat({ max: 999_999 }), (any, thousandths) => {
        for (const value of [any, thousandths / 1000]) {
          expect(readNumber(plainNumber(value))).toMatchObject({ value });
          expect(readNumber(plainNumber(value).replace('.', ','))).toMatchObject({ value });
        }
      }),
    );
  });
});
