import { describe, expect, it } from 'vitest';
import { toCustomerKey } from './customer-key.ts';

describe('a customer key', () => {
  it('has one form for each customer', () => {
    const given = [
      7,
      '7',
      '007',
      'c-7',
      'a b',
      '9007199254740993',
      2 ** 52,
      2 ** 52 + 1,
      'Ä:1',
      '1.5',
      'x'.repeat(100),
    ];
    const keys = [
      7,
      7,
      '007',
      'c-7',
      'a b',
      '9007199254740993',
      2 ** 52,
      '4503599627370497',
      'Ä:1',
      '1.5',
      'x'.repeat(100),
    ];
    expect(given.map(toCustomerKey)).toEqual(keys);
  });

  it.each([
    0,
    -1,
    1.5,
    Number.NaN,
    2 ** 53,
    '0',
    '-1',
    '',
    ' ',
    ' 7',
    '7 ',
    'a\u0000',
    '\u200b',
    'x'.repeat(101),
    null,
    {},
  ])('is not %j', (none) => {
    expect(toCustomerKey(none)).toBeUndefined();
  });
});
