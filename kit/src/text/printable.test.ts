import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';

describe('printable text', () => {
  it.each([
    ['a line feed', 'a\nb', 'a\\u000ab'],
    ['a carriage return', 'a\rb', 'a\\u000db'],
    ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
    ['a one-byte escape sequence', '\u009b2J', '\\u009b2J'],
    ['a next-line character', 'a\u0085b', 'a\\u0085b'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['a paragraph separator', 'a\u2029b', 'a\\u2029b'],
    ['a bidi override', 'a\u202eb', 'a\\u202eb'],
    ['a bidi isolate', 'a\u2066b', 'a\\u2066b'],
    ['a bidi mark', 'a\u200f\u061cb', 'a\\u200f\\u061cb'],
    ['tags', 'a\u{e0041}\u{e007f}', 'a\\udb40\\udc41\\udb40\\udc7f'],
    ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
    ['a byte-order mark', '\ufeffa', '\\ufeffa'],
    ['a soft hyphen', 'a\u00adb', 'a\\u00adb'],
    ['a Hangul filler', '\u3164', '\\u3164'],
    ['an annotation', 'a\ufff9b\ufffb', 'a\\ufff9b\\ufffb'],
    ['half a character', 'a\ud83d', 'a\\ud83d'],
    ['a joiner in Latin script', 'ad\u200dmin', 'ad\\u200dmin'],
    ['two joiners', 'क\u200d\u200dष', 'क\u200d\\u200dष'],
    ['a joiner at the beginning', '\u200dक', '\\u200dक'],
    ['a selector that selects nothing', 'a\ufe0f', 'a\\ufe0f'],
    ['selectors in a row', '❤\ufe0f\ufe0e\u{e0101}', '❤\ufe0f\\ufe0e\\udb40\\udd01'],
    ['tags after a flag', '🏴\u{e0067}\u{e007f}', '🏴\\udb40\\udc67\\udb40\\udc7f'],
  ])('shows %s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each([
    'Zoë Łódź O’Brien',
    '李雷',
    'שלום עולם',
    'می\u200cخواهم', // Persian, with a zero-width non-joiner
    'क्\u200dष', // Devanagari, with a joiner
    'രാജന്\u200d', // Malayalam, which older texts end with a joiner
    '葛\u{e0100}城', // a Han character in one of its forms
    'ᠠ\u180b', // Mongolian
    '❤\ufe0f 1\ufe0f⃣',
    '👩🏽\u200d🚀 👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈',
    'e\u0301',
    'a\u00a0b\u3000c',
  ])('leaves %s as it is', (text) => {
    expect(printable(text)).toBe(text);
  });

  it('leaves JSON the same JSON, in one line for every reader', () => {
    const unit = fc.integer({ max: 0x10ffff, min: 0 }).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(fc.array(fc.string({ unit, maxLength: 50 }), { maxLength: 4 }), (value) => {
        const text = printable(JSON.stringify(value));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(printable(text)).toBe(text);
      }),
    );
  });
});
