import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { foreignId, foreignIdFilter, foreignIdParam, foreignIdsFilter, toForeignIds } from './foreign-id.ts';

const sentence = 'must be an integer, or a text of 1 to 100 visible characters';

/** The parsed value, or the message. */
function judge(schema: z.ZodType, value: unknown): unknown {
  const { success, data, error } = schema.safeParse(value);
  return success ? data : error.issues[0]?.message;
}

describe('an id from another system', () => {
  it.each<[unknown, unknown]>([
    [7, 7],
    ['7', 7],
    [0, 0],
    [-0, 0],
    [-7, -7],
    ['-7', -7],
    [1e3, 1000],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    [18446744073709551616n, '18446744073709551616'],
    ['007', '007'],
    ['-0', '-0'],
    ['+7', '+7'],
    ['7.0', '7.0'],
    ['1e3', '1e3'],
    ['3c4f9a52-5a0e-4f3e-9c55-6fd5f2a0a7ce', '3c4f9a52-5a0e-4f3e-9c55-6fd5f2a0a7ce'],
    ['shop:Zoë 李 🎁', 'shop:Zoë 李 🎁'],
    ['🎁'.repeat(100), '🎁'.repeat(100)],
  ])('%s is given back as %s', (given, kept) => {
    expect(judge(foreignId, given)).toBe(kept);
    if (typeof given !== 'string') return;
    expect(judge(foreignIdParam, given)).toBe(kept);
    expect(judge(foreignIdFilter, given)).toBe(kept);
    expect(toForeignIds(given)).toEqual([kept]);
  });

  const refused = ['', ' ', ' 7', '7 ', '7\n', 'a\tb', 'a\0', 'a\u00a0b', 'a\u200db', '\u202ea', '\ufeffa', '\ud83c'];
  const others = ['\u2800', '\u3164', 'x'.repeat(101), 7.5, 2 ** 53, 1e20, Infinity, 10n ** 100n, null, true, [7], {}];
  it.each([...refused, ...others].map((given): [string, unknown] => [inspect(given), given]))(
    '%s is refused',
    (_, given) => {
      expect(judge(foreignId, given)).toBe(sentence);
      if (typeof given !== 'string') return;
      expect(judge(foreignIdParam, given)).toBe(sentence);
      expect(judge(foreignIdFilter, given)).toBe(sentence);
    },
  );

  it('is the same as a number and as text', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (id) => {
        expect(judge(foreignId, String(id))).toBe(judge(foreignId, id));
      }),
    );
  });
});

describe('a list of such ids', () => {
  it('may be omitted, be one id, or be up to 500 separated by commas', () => {
    expect(judge(foreignIdsFilter, undefined)).toBe(undefined);
    expect(toForeignIds('7,8')).toEqual(['7,8', 7, 8]);
    expect(toForeignIds(Array(500).fill('c-7').join())).toEqual(['c-7']);
    for (const text of [Array(501).fill(7).join(), ' ', '']) {
      expect(judge(foreignIdsFilter, text)).toBe(`${sentence}, or up to 500 of them separated by commas`);
    }
  });

  it('finds an id that has commas itself', () => {
    expect(toForeignIds('Doe, John')).toEqual(['Doe, John', 'Doe', 'John']);
    expect(toForeignIds('7,,8,')).toEqual(['7,,8,', 7, 8]);
    expect(toForeignIds('a,b')).toEqual(['a,b', 'a', 'b']);
  });
});
