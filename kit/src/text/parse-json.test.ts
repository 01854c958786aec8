import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

const shortNumbers = fc.json().filter((text) => !/\d{16}/.test(text));

describe('parseJson', () => {
  it('keeps an integer beyond 2^53 digit by digit, as text', () => {
    const text = '{"id": 7615917337495251231, "in": [{"id": -9007199254740993}], "zero": 9007199254740993.0}';
    const kept = { id: '7615917337495251231', in: [{ id: '-9007199254740993' }], zero: '9007199254740993' };
    expect(parseJson(text)).toEqual(kept);
    expect(parseJson('9007199254740992')).toBe('9007199254740992');
  });

  it('keeps all other numbers as numbers, beside a long one too', () => {
    expect(parseJson('[1.0, 0.1, -0, 1e20, 9007199254740991, 1234567890.1234567, 18446744073709551616]')).toEqual([
      ...[1, 0.1, -0, 1e20, 9007199254740991, 1234567890.1234567],
      '18446744073709551616',
    ]);
  });

  it('leaves the digits within a text alone', () => {
    expect(parseJson('["7615917337495251231", {"7615917337495251231": true}]')).toEqual([
      '7615917337495251231',
      { '7615917337495251231': true },
    ]);
  });

  it('gives the digits to the caller who wants something else', () => {
    expect(parseJson('[18446744073709551616, 7]', BigInt)).toEqual([18446744073709551616n, 7]);
  });

  it('reads anything else as JSON.parse does', () => {
    fc.assert(
      fc.property(shortNumbers, (text) => {
        const padded = `[${text}, 1234567890123456]`; // long enough for the exact reading
        expect(parseJson(padded)).toEqual(JSON.parse(padded));
      }),
    );
    expect(() => parseJson('{"id": 7615917337495251231')).toThrow(SyntaxError);
  });

  it('gives every integer back exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (value) => {
        expect(String((parseJson(`{"id":${value}}`) as { id: unknown }).id)).toBe(String(value));
      }),
    );
  });
});
