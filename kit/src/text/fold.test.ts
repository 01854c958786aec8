import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alikeKey, emailForms, emailKey, searchFold, searchKey, seenForm } from './fold.ts';

describe('two texts that look alike', () => {
  it.each([
    ['but for case', 'MUG-01', 'mug-01'],
    ['but for a soft hyphen', 'MUG-01\u00ad', 'MUG-01'],
    ['but for a direction', '\u202eABC', 'abc'],
    ['but for a joiner', 'می\u200cخواهم', 'میخواهم'],
    ['but for their width', 'ＭＵＧ－０１', 'mug-01'],
    ['but for the encoding of an accent', 'zo\u00eb', 'zoe\u0308'],
    ['but for a ligature', 'ﬁne', 'fine'],
    ['but for the kind and number of spaces', ' a\u00a0\u2009b ', 'a b'],
    ['but for a final sigma', 'ΟΔΟΣ', 'οδος'],
    ['but for a sharp s', 'STRASSE', 'straße'],
    ['but for a capital sharp s', 'STRAẞE', 'straße'],
    ['but for a capital with a dot', 'İzmir', 'i\u0307zmir'],
    ['but for a capital of two letters', 'ǰ', 'J\u030c'],
    ['in a script whose small letters are younger', 'Ꭰ', 'ꭰ'],
  ])('have the same key, %s', (_, one, other) => {
    expect(alikeKey(one)).toBe(alikeKey(other));
  });

  it.each([
    ['an accent', 'Küche', 'Kuche'],
    ['a dotless i', 'kış', 'kiş'],
    ['a dot on a capital', 'İzmir', 'izmir'],
    ['a stroke', 'Øl', 'Ol'],
    ['an umlaut', 'Müller', 'Mueller'],
  ])('have another key with %s', (_, one, other) => {
    expect(alikeKey(one)).not.toBe(alikeKey(other));
  });

  it('include every pair of letters that differ in case in Unicode', () => {
    const differing = cased.flatMap((char) => {
      // a regular expression folds case as Unicode does, for one character at a time
      const sameAs = new RegExp(`^${char}$`, 'iu');
      const others = [char.toLowerCase(), char.toUpperCase()].filter((other) => sameAs.test(other));
      return others.filter((other) => alikeKey(other) !== alikeKey(char)).map((other) => `${char} ${other}`);
    });
    expect(differing).toEqual([]);
  });

  it('have a key that is its own key', () => {
    expectStable(alikeKey);
  });
});

const cased = Array.from({ length: 0x1ffff }, (_, code) => String.fromCodePoint(code)).filter(
  (char) => char.toLowerCase() !== char || char.toUpperCase() !== char,
);

function expectStable(fold: (text: string) => string): void {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...cased, ...'\u0301\u0307\u0345\u05b0\u200d \u00a0\u00b4') }),
  );
  fc.assert(
    fc.property(text, (given) => {
      expect(fold(fold(given))).toBe(fold(given));
    }),
    { numRuns: 1_000 },
  );
}

describe('the seen form of a text', () => {
  it.each([
    ['Zoe\u0308', 'Zoë'],
    ['Ｂｏｘ\u200b', 'Box'],
    [' two\u00a0 words', 'two words'],
    ['BOX', 'BOX'],
  ])('of %j is %j', (text, form) => {
    expect(seenForm(text)).toBe(form);
  });

  it('is its own', () => {
    expectStable(seenForm);
  });
});

describe('two emails', () => {
  it.each([
    ['but for case', 'Alice@Example.COM', 'alice@example.com'],
    ['but for the encoding of an accent', 'zo\u00eb@example.com', 'zoe\u0308@example.com'],
    ['but for the form of the domain', 'x@bücher.example', 'x@xn--bcher-kva.example'],
    ['but for case and encoding of the domain', 'x@BU\u0308CHER.example', 'x@XN--BCHER-KVA.example'],
    ['but for the width', 'ｘ@ｅxample.com', 'x@example.com'],
    ['but for a hidden character', 'x\ufe0f@example.com', 'x@example.com'],
  ])('are one address, %s', (_, one, other) => {
    expect(emailKey(one)).toBe(emailKey(other));
  });

  it.each([
    ['a part of the name', 'alice+1@example.com', 'alice@example.com'],
    ['a letter that a domain tells apart', 'x@straße.example', 'x@strasse.example'],
    ['what is no domain', 'x@example.com/y', 'x@example.com'],
    ['an invalid ASCII form', 'x@xn--a.example', 'x@a.example'],
  ])('are two addresses with %s', (_, one, other) => {
    expect(emailKey(one)).not.toBe(emailKey(other));
  });

  it('are found by both forms of a domain', () => {
    const forms = ['x@bücher.example', 'x@xn--bcher-kva.example'];
    for (const form of forms) expect(emailForms(form).toSorted()).toEqual(forms.toSorted());
    expect(emailForms('Ann@Example.com')).toEqual(['Ann@example.com']);
    expect(emailForms('ann')).toEqual(['ann']);
  });
});

describe('a search', () => {
  it.each([
    ['García', 'garcia'],
    ['İbrahim', 'ibrahim'],
    ['IŞIK', 'ışık'],
    ['Ann\u00a0Example', 'ann  example'],
    ['Straße', 'STRASSE'],
    ['STRAẞE', 'straße'],
    ['Ｆｕｌｌ　Ｗｉｄｔｈ', 'full width'],
    ['ﬁne ĳs', 'fine ijs'],
    ['cœur', 'COEUR'],
    ['Łódź', 'lodz'],
    ['Øyvind Đặng', 'oyvind dang'],
    ['Ærø', 'aero'],
    ['Nguyễn', 'nguyen'],
    ['Ἀθῆναι ΟΔΟΣ', 'αθηναι οδοσ'],
    ['Ёлка', 'елка'],
    ['مُحَمَّد', 'محمد'],
    ['שָׁלוֹם', 'שלום'],
    ['می\u200cخواهم', 'میخواهم'],
    ['O’Brien O´Neill', "o'brien o'neill"],
    ['Ann–Marie', 'ann-marie'],
    ['soft\u00adhyphen', 'softhyphen'],
    ['①', '1'],
  ])('takes %s for %s', (one, other) => {
    expect(searchFold(one)).toBe(searchFold(other));
  });

  it.each([
    ['がき', 'かき'],
    ['राम', 'रम'],
    ['กิน', 'กน'],
    ['한', '하'],
    ['Müller', 'Mueller'],
  ])('does not take %s for %s', (one, other) => {
    expect(searchFold(one)).not.toBe(searchFold(other));
  });

  it('sorts letters with accents beside those without', () => {
    const names = ['Zoe', 'Ärger', 'Arzt', 'Ångström', 'arm', 'Øl', 'Öl', 'Ol', 'Pilz'];
    const sorted = names.toSorted((a, b) => (searchFold(a) < searchFold(b) ? -1 : 1));
    expect(sorted.map((name) => searchFold(name)[0]).join('')).toBe('aaaaooopz');
  });

  it('folds what it has folded to the same', () => {
    expectStable(searchFold);
  });
});

describe('a search key', () => {
  it('is the search form of each text', () => {
    expect(searchKey('José', 'x@bücher.example')).toBe('jose\nx@bucher.example');
  });

  it.each(['x', 'é漢', '😀漢'])('is short enough for an index, in whole characters: %s', (text) => {
    const key = searchKey(text.repeat(700), text.repeat(700));
    expect(Buffer.byteLength(key)).toBeGreaterThan(1_390);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(2_000);
    expect(`${searchFold(text.repeat(700))}\n${searchFold(text.repeat(700))}`.startsWith(key)).toBe(true);
  });
});
