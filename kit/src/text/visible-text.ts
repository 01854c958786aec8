import { accent, control, hidden, joiner, plainLetter, space, variationSelector } from './characters.ts';

const alone = `${space}${accent}`;

/** Chooses the flag of a part of a country, such as Scotland: tags spell the part, and the last one ends it. */
const blackFlag = '\u{1f3f4}';
const flagTags = '[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}';

/**
 * A visible character with what belongs to it. Persian names need the non-joiner (می‌خواهم), names of South Asia the
 * joiner, even at the end of a word (സുധീര്‍), Japanese names variation selectors (葛󠄀), and emoji both (👩‍❤️‍👩). One of each may
 * follow a character. After Latin, Greek and Cyrillic letters they change nothing, so there they only hide.
 */
const visible = [
  `[${plainLetter}]`,
  `(?:${blackFlag}(?:${flagTags})?|[^${plainLetter}${alone}${hidden}${control}${blackFlag}])[${variationSelector}]?[${joiner}]?`,
].join('|');

const someVisible = new RegExp(`[^${alone}${hidden}${control}]`, 'u');
const someHidden = new RegExp(`[${hidden}]`, 'u');
const visibleOrHidden = new RegExp(`(${visible})|[${hidden}]`, 'gu');

export function hasVisible(text: string): boolean {
  return someVisible.test(text);
}

/** Removes what shows nothing or changes the direction of text. Keeps what belongs to a visible character. */
export function withoutHidden(text: string): string {
  return someHidden.test(text) ? text.replace(visibleOrHidden, '$1') : text;
}

/** The first character that `withoutHidden` removes, such as `U+200B`. */
export function firstHidden(text: string): string | undefined {
  if (!someHidden.test(text)) return undefined;
  const found = text.matchAll(visibleOrHidden).find(([, isVisible]) => isVisible === undefined);
  return found && `U+${found[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
}
