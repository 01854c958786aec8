import { describe, expect, it } from 'vitest';
import { accent, control, hidden, joiner, plainLetter, space, usualHidden, variationSelector } from './characters.ts';

const characters = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

/** Format characters that are seen: they enclose the digits after them, or stand above a word. */
const prepended = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;

function codesIn(expected: RegExp): string[] {
  return characters.filter((char) => expected.test(char)).map((char) => char.codePointAt(0)?.toString(16) ?? '');
}

const classOf = (part: string) => new RegExp(`[${part}]`, 'u');

describe('the characters that are written out', () => {
  it.each([
    ['control characters', control, /\p{Cc}/u],
    ['spaces', space, /\p{Zs}/u],
    ['joiners', joiner, /\p{Join_Control}|\u180e/u],
    ['variation selectors', variationSelector, /\p{Variation_Selector}/u],
  ])('are the %s of Unicode', (_, part, property) => {
    expect(codesIn(classOf(part))).toEqual(codesIn(property));
  });

  it('are hidden if Unicode ignores them, or if they format or break lines, and so is a blank symbol', () => {
    const property = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Zl}\p{Zp}\u2800]/u;
    const expected = characters.filter((char) => property.test(char) && !prepended.test(char));

    expect(codesIn(classOf(hidden))).toEqual(expected.map((char) => char.codePointAt(0)?.toString(16)));
    expect(codesIn(classOf(usualHidden))).toEqual(codesIn(classOf(hidden)).filter((code) => code.length <= 4));
  });

  it('are accents if they stand on letters of any script', () => {
    const kinds = characters.filter((char) => classOf(accent).test(char) && !/\p{M}|\P{Assigned}/u.test(char));

    expect(kinds).toEqual([]);
    expect('\u0301\u0308\u0327\u20e3').toMatch(new RegExp(`^[${accent}]*$`, 'u'));
  });

  it('are plain letters if they are Latin, Greek or Cyrillic, and no emoji', () => {
    const plain = classOf(plainLetter);
    const european = /[\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}\p{scx=Coptic}]/u;

    const isLetter = /(?=\p{L})[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u;
    const letters = characters.filter((char) => char.length === 1 && isLetter.test(char));
    expect(letters.filter((char) => !plain.test(char))).toEqual([]);
    const others = characters.filter((char) => plain.test(char) && /\p{Assigned}/u.test(char) && !european.test(char));
    expect(others).toEqual([]);
    expect(characters.filter((char) => plain.test(char) && /\p{Extended_Pictographic}/u.test(char))).toEqual([]);
  });
});
