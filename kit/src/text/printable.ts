/**
 * Characters that nobody sees, or that change what is seen around them: control characters, line separators, bidi
 * controls, tags, zero-width characters, annotations, and halves of a character.
 */
const hidden = '[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\uFFF9-\\uFFFB]';

/**
 * What stays because names and emoji need it: one selector after the character whose form it selects, one joiner
 * between two emoji, and one joiner after a letter or mark. In Latin script no joiner is needed: there, it only makes
 * two names look the same. Only tags could keep the flags of England, Scotland and Wales; they hide whole sentences.
 */
const kept = [
  '\\p{Emoji}[\\uFE0E\\uFE0F]',
  '\\p{Script=Han}[\\u{E0100}-\\u{E01EF}]',
  '\\p{Script=Mongolian}[\\u180B-\\u180D\\u180F]',
  '[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F]\\u200D(?=\\p{Extended_Pictographic})',
  '(?![\\p{Script=Latin}\\p{Default_Ignorable_Code_Point}])[\\p{L}\\p{M}][\\u200C\\u200D]',
];

// the lookbehind comes last, so that it runs only after a hidden character
const unprintable = new RegExp(`${hidden}(?<!${kept.join('|')})`, 'gu');

/**
 * For text on its way to a console, a log or a command line: one line in which everything is visible. It writes hidden
 * characters as JSON does, `\u202e`, so JSON stays the same JSON. Safe to repeat.
 */
export function printable(text: string): string {
  return text.replace(unprintable, toEscape);
}

/** A character beyond U+FFFF is two code units, and two escapes in JSON. */
function toEscape(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
