import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { emailAddress, id, idParam, integerQuery, line, storableText } from './schemas.ts';

/** The parsed value, or the message of the first issue. */
function judge(schema: z.ZodType, input: unknown): unknown {
  const { success, data, error } = schema.safeParse(input);
  return success ? data : error.issues[0]?.message;
}

describe('a line of text', () => {
  const name = line({ max: 5 });
  const wrongLength = 'must be 1 to 5 characters long';
  const unprintable = 'must not contain control characters';

  it('is trimmed of all kinds of white space', () => {
    expect(judge(name, ' \t\r\n\u00a0\u2003\u3000\ufeffAda\u2028 ')).toBe('Ada');
  });

  it('keeps its inner spaces and letters of every script', () => {
    for (const text of ['A B', 'Zoë', '李雷', 'نور', 'Ñandú', '🎁', "O'Hea"]) expect(judge(name, text)).toBe(text);
  });

  it('is measured in code points, not in UTF-16 units', () => {
    expect(judge(name, '🎁🎁🎁🎁🎁')).toBe('🎁🎁🎁🎁🎁');
    expect(judge(name, '🎁🎁🎁🎁🎁🎁')).toBe(wrongLength);
  });

  it('is measured after trimming', () => {
    expect(judge(name, '   abcde   ')).toBe('abcde');
    expect(judge(name, 'abcdef')).toBe(wrongLength);
    expect(judge(name, '   ')).toBe(wrongLength);
    expect(judge(name, '')).toBe(wrongLength);
  });

  it('may be empty if the minimum is 0', () => {
    expect(judge(line({ min: 0, max: 5 }), '  ')).toBe('');
  });

  it.each(['a\nb', 'a\rb', 'a\tb', 'a\0b', 'a\u001bb', 'a\u007fb', 'a\u009bb'])(
    'rejects control characters: %j',
    (text) => expect(judge(name, text)).toBe(unprintable),
  );

  it.each(['\ud83c', 'a\udf81', '\udf81\ud83c'])('rejects unpaired surrogates: %j', (text) => {
    expect(name.safeParse(text).success).toBe(false);
  });

  it('rejects values that are not strings', () => {
    for (const value of [1, true, null, undefined, [], {}, ['Ada']]) expect(name.safeParse(value).success).toBe(false);
  });
});

describe('storable text', () => {
  it('keeps spaces and line breaks as they are', () => {
    expect(judge(storableText({ max: 10 }), ' a\r\n\tb ')).toBe(' a\r\n\tb ');
  });

  it('rejects NUL, which PostgreSQL cannot store, and unpaired surrogates', () => {
    for (const text of ['a\0', '\ud83c', '\udf81'])
      expect(judge(storableText({ max: 10 }), text)).toMatch(/NUL or unpaired/);
  });

  it.each(['a', '🎁'])('respects its minimum and maximum length, in code points: %s', (letter) => {
    const text = storableText({ min: 2, max: 3 });
    const tooShort = 'must be at least 2 characters long';
    const tooLong = 'must be at most 3 characters long';

    expect(judge(text, letter)).toBe(tooShort);
    for (const length of [2, 3]) expect(judge(text, letter.repeat(length))).toBe(letter.repeat(length));
    expect(judge(text, letter.repeat(4))).toBe(tooLong);
  });
});

describe('an id in a path', () => {
  it('is a positive integer', () => {
    expect(judge(idParam, '1')).toBe(1);
    expect(judge(idParam, '9007199254740991')).toBe(9_007_199_254_740_991);
  });

  it('becomes a number that no row has if it is too large for a database', () => {
    expect(judge(idParam, '99999999999999999999')).toBe(Number.MAX_SAFE_INTEGER + 1);
    expect(judge(idParam, '9'.repeat(400))).toBe(Number.MAX_SAFE_INTEGER + 1);
  });

  it.each(['0', '-1', '+1', 'abc', '01', '1.5', '1e3', '0x1', ' 1', '1 ', '1\n', '', '\0', '١', '1a', 'NaN'])(
    'rejects other notations: %j',
    (text) => {
      expect(judge(idParam, text)).toBe('must be a positive integer');
    },
  );
});

describe('an id in a body', () => {
  it('is a positive integer', () => {
    expect(judge(id, 7)).toBe(7);
    for (const value of [0, -1, 1.5, 2 ** 53, '7', null, true])
      expect(judge(id, value)).toMatch(/positive integer|[Tt]oo big/);
  });
});

describe('a whole number in a query', () => {
  const limit = integerQuery({ min: 1, max: 1000, default: 50 });

  it('accepts both limits, and uses its default if omitted', () => {
    expect([judge(limit, '1'), judge(limit, '1000'), judge(limit, undefined)]).toEqual([1, 1000, 50]);
  });

  it.each(['0', '1001', '-1', 'abc', '01', '1.0', '1e2', '', ' 5', '99999999999999999999', ['1', '2']])(
    'rejects anything else: %j',
    (value) => expect(limit.safeParse(value).success).toBe(false),
  );

  it('states its range in the message', () => {
    expect(judge(limit, '0')).toBe('must be a whole number from 1 to 1000');
    expect(judge(limit, 'abc')).toBe('must be a whole number from 1 to 1000');
  });
});

describe('an email address', () => {
  it('is trimmed and keeps its case', () => {
    expect(judge(emailAddress, ' Alice@Example.com\n')).toBe('Alice@Example.com');
  });

  it('may have at most 254 characters', () => {
    const longest = `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}com`;
    expect(judge(emailAddress, longest)).toBe(longest);
    const tooLong = `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(4)}com`;
    expect(judge(emailAddress, tooLong)).toBe('must be at most 254 characters long');
  });

  it.each([
    'alice',
    'alice@',
    '@example.com',
    'alice@localhost',
    'a b@example.com',
    'alice@example..com',
    'a@b@example.com',
    'alice@-example.com',
    'alice\n@example.com',
    'alice@example.com\0',
  ])('needs a valid name, an @ and a domain: rejects %j', (text) =>
    expect(judge(emailAddress, text)).toBe('must be a valid email address'),
  );
});
