import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstHidden, hasVisible, withoutHidden } from './visible-text.ts';

const isVisible = (text: string) => hasVisible(text) && firstHidden(text) === undefined && !/\p{Cc}/u.test(text);

describe('a visible text', () => {
  it.each([
    ['a name with a space of any width', 'Ann\u00a0Example\u2009\u3000B'],
    ['a Persian name with a non-joiner', 'می\u200cخواهم'],
    ['an Arabic letter in its form for the middle of a word', 'ه\u200d'],
    ['a Persian name whose letter has a mark', 'نامه\u064e\u200cی'],
    ['a Hindi half letter', 'क्\u200dष'],
    ['a Malayalam name that ends with a joiner', 'സുധീര്\u200d'],
    ['a Sinhala name', 'ශ්\u200dරී'],
    ['a Mongolian name', 'ᠬᠠᠷ\u180eᠠ\u180b'],
    ['a Japanese name with a variant of a character', '葛\u{e0100}城'],
    ['a family', '👩\u200d👩\u200d👧'],
    ['a heart on fire, between letters', 'A ❤\ufe0f\u200d🔥 b'],
    ['a skin tone and a profession', '👩🏽\u200d⚕\ufe0f'],
    ['a keycap', '1\ufe0f\u20e3 Onboarding'],
    ['a sign that is also an emoji', '©\ufe0f Acme'],
    ['a pirate flag', '🏴\u200d☠\ufe0f'],
    ['the flag of Scotland', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
    ['letters with accents of their own', 'e\u0301le\u0301'],
    ['an accent before a letter', '\u0301a'],
    ['an Arabic number sign', '\u0600١'],
    ['what Unicode may know later', '\u{3fffd}'],
  ])('is %s', (_, text) => {
    expect([isVisible(text), hasVisible(text), firstHidden(text), withoutHidden(text)]).toEqual([
      true,
      true,
      undefined,
      text,
    ]);
  });

  it.each([
    ['a zero width space', '\u200b', 'U+200B', ''],
    ['an overriding direction', '\u202eAnn', 'U+202E', 'Ann'],
    ['an isolated direction', 'Ann\u2066', 'U+2066', 'Ann'],
    ['a soft hyphen', 'MUG-01\u00ad', 'U+00AD', 'MUG-01'],
    ['a Hangul filler', 'A\u3164', 'U+3164', 'A'],
    ['a blank Braille pattern', '\u2800', 'U+2800', ''],
    ['a line separator', 'a\u2028b', 'U+2028', 'ab'],
    ['a byte order mark', 'x\ufeffy', 'U+FEFF', 'xy'],
    ['a joiner between Latin letters', 'An\u200dn', 'U+200D', 'Ann'],
    ['a joiner behind an accent', 'e\u0301\u200c', 'U+200C', 'e\u0301'],
    ['a joiner after nothing', '\u200d', 'U+200D', ''],
    ['a joiner after a space', 'می \u200cخ', 'U+200C', 'می خ'],
    ['a second joiner', 'می\u200c\u200cخ', 'U+200C', 'می\u200cخ'],
    ['a text that is hidden behind an emoji', '😀\ufe01\ufe02\ufe03', 'U+FE02', '😀\ufe01'],
    ['a text that is hidden in tags', '😀\u{e0041}\u{e0042}', 'U+E0041', '😀'],
    ['a flag that does not end', '🏴\u{e0067}\u{e0062}', 'U+E0067', '🏴'],
  ])('has no %s', (_, text, found, rest) => {
    expect([isVisible(text), firstHidden(text), withoutHidden(text)]).toEqual([false, found, rest]);
  });

  it.each(['', ' ', '\u00a0\u3000', '\u0301', '\n', '\u2800'])('needs a visible character: %j has none', (text) => {
    expect([hasVisible(text), isVisible(text)]).toEqual([false, false]);
  });

  const kind = fc.constantFrom(
    ...'aé क्ما漢😀🏴1\u0301\u064e\u200c\u200d\u180e\ufe0f\u{e0100}\u{e0067}\u{e007f}\u202e\u00ad',
  );
  const text = fc.oneof(fc.string({ unit: kind }), fc.string({ unit: 'binary' }));

  it('is what is left of any text', () => {
    fc.assert(
      fc.property(text, (given) => {
        const rest = withoutHidden(given);
        expect(firstHidden(rest)).toBe(undefined);
        expect(withoutHidden(rest)).toBe(rest);
        expect(firstHidden(given) === undefined).toBe(rest === given);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['visible characters', 'ک'.repeat(50_000)],
    ['joined ones', 'ک\u200c'.repeat(25_000)],
    ['flags', '🏴'.repeat(20_000)],
  ])('is refused in linear time after many %s', (_, many) => {
    const before = process.threadCpuUsage();
    expect(isVisible(`${many}\u202e`)).toBe(false);
    expect(process.threadCpuUsage(before).user).toBeLessThan(500_000);
  });
});
