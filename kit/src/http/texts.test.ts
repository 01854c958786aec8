import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { keyword, label, name } from './texts.ts';

/** The parsed value, or the messages. */
function judge(schema: z.ZodType, input: unknown): unknown {
  const { success, data, error } = schema.safeParse(input);
  return success ? data : error.issues.map(({ message }) => message);
}

describe('a name', () => {
  it.each([
    [' Ann\u00a0Example ', 'Ann\u00a0Example'],
    ['e\u0301', 'e\u0301'],
    ['', ['must be 1 to 20 characters long']],
    ['x'.repeat(21), ['must be 1 to 20 characters long']],
    ['a\nb\u200b', ['must not contain control characters']],
    ['\ud83c', ['must not contain control characters']],
    ['a\u200bb\u202e', ['must not contain the invisible character U+200B']],
    ['\u0301', ['must contain a visible character']],
  ])('%j is %j', (given, expected) => {
    expect(judge(name({ max: 20 }), given)).toEqual(expected);
  });
});

describe('a label', () => {
  it.each([
    ['\u200b MUG-01\u00ad ', 'MUG-01'],
    ['zoe\u0308', 'zoe\u0308'],
    ['می\u200cخ', 'می\u200cخ'],
    [`${'x'.repeat(20)}\u200b`, 'x'.repeat(20)],
    ['\u200b', ['must be 1 to 20 characters long']],
    ['\u0301', ['must contain a visible character']],
    ['a\0b', ['must not contain control characters']],
  ])('%j is %j', (given, expected) => {
    expect(judge(label({ max: 20 }), given)).toEqual(expected);
  });
});

describe('a keyword', () => {
  it('encodes accents in one way', () => {
    expect(judge(keyword({ max: 4 }), 'zoe\u0308\u200b')).toBe('zo\u00eb');
  });

  it('is refused before it is normalized if it is too long', () => {
    const hostile = `a${'\u0300'.repeat(30_000)}${'\u0316'.repeat(30_000)}`;
    const before = process.threadCpuUsage();
    expect(judge(keyword({ max: 100 }), hostile)).toEqual(['must be 1 to 100 characters long']);
    expect(process.threadCpuUsage(before).user).toBeLessThan(500_000);
  });
});
