import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitName } from './fit-name.ts';

describe('a name from elsewhere', () => {
  it.each<[string, unknown, string]>([
    ['is kept as it is', 'Ana María Ñandú 李', 'Ana María Ñandú 李'],
    ['has one space in the place of a line break', 'ACME Corp.\r\nDoe, John', 'ACME Corp. Doe, John'],
    [
      'has one space in the place of each run of control characters',
      'a\tb\u0085c\u001b[1md\u2028e\u2029f',
      'a b c [1md e f',
    ],
    ['is trimmed', '\u0000  Ana \n', 'Ana'],
    ['loses what only changes its direction', '\u202eAna\u202c\u200b', 'Ana'],
    ['loses what hides in it', 'An\u00adna\u3164 \u2800B\u200cc😀\u{e0041}', 'Anna Bc😀'],
    [
      'loses a part of a flag that is cut',
      `${'👩\u200d'.repeat(99)}🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}x`,
      `${'👩\u200d'.repeat(99)}🏴`,
    ],
    ['keeps the variants of its characters', '葛\u{e0100}城 ❤\ufe0f', '葛\u{e0100}城 ❤\ufe0f'],
    ['keeps the joiners of its script', 'می\u200cخواهم 👩\u200d👧', 'می\u200cخواهم 👩\u200d👧'],
    ['is the digits of a number', 5, '5'],
    ['is all the digits of a large number', 1e21, '1000000000000000000000'],
    ['has no unpaired surrogate', 'A\ud800', 'A\ufffd'],
    ['is cut at 200 characters', 'x'.repeat(240), 'x'.repeat(200)],
    ['is cut at 200 characters, however many code units they have', '😀'.repeat(240), '😀'.repeat(200)],
    ['is not cut if it has 200 characters', '😀'.repeat(200), '😀'.repeat(200)],
    ['is never cut inside a letter', `${'x'.repeat(199)}e\u0301y`, 'x'.repeat(199)],
    ['is cut inside a letter that alone is too long', `e${'\u0301'.repeat(300)}`, `e${'\u0301'.repeat(199)}`],
  ])('%s', (_what, given, name) => {
    expect(fitName(given)).toBe(name);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['spaces', ' \u00a0\u3000\t'],
    ['zero width characters', '\u200b\u200d\ufeff'],
    ['directions', '\u202e\u2066\u200f'],
    ['combining marks alone', '\u0301\u0302'],
    ['fillers', '\u3164\u115f\uffa0\u2800'],
    ['no finite number', Number.NaN],
    ['an object', { first: 'Ana' }],
    ['a list', ['Ana']],
    ['a flag', true],
  ])('is none without a visible character: %s', (_what, given) => {
    expect(fitName(given)).toBeUndefined();
  });

  it('is not changed by another reading', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (given) => {
        const name = fitName(given);
        if (name !== undefined) expect(fitName(name)).toBe(name);
      }),
    );
  });
});
