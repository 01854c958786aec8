// The classes of characters are for regular expressions with the flag v.

/** Signs that enclose the digits after them, or stand above a word. Unicode counts them among the format characters. */
const prependedSigns = '\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}';

/**
 * Shows nothing, hides in a text, or changes the direction of the text after it: default-ignorable and format characters,
 * line separators, and the blank Braille pattern.
 */
export const hidden = `[[\\p{Default_Ignorable_Code_Point}\\p{Cf}\\p{Zl}\\p{Zp}\\u2800]--[${prependedSigns}]]`;

/** Shows nothing sensible without another character: spaces, and accents that stand on letters of any script. */
const alone = '[\\p{Zs}[[\\p{M}&&\\p{Script=Inherited}]--\\p{Script_Extensions=Arabic}]]';

const plainLetter = '[\\p{L}&&[\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}]]';
const joiner = '[\\p{Join_Control}\\u180e]';

/**
 * A visible character with what belongs to it. Persian names need the non-joiner (می‌خواهم), names of South Asia the
 * joiner, even at the end of a word (സുധീര്‍), Japanese names variation selectors (葛󠄀), and emoji both (👩‍❤️‍👩). One of each may
 * follow a character. After Latin, Greek and Cyrillic letters they change nothing, so there they only hide. The tags of
 * some flags belong to them, too (🏴󠁧󠁢󠁳󠁣󠁴󠁿).
 */
const visible = [
  plainLetter,
  `(?:\\p{RGI_Emoji_Tag_Sequence}|[^${plainLetter}${alone}${hidden}\\p{Cc}])\\p{Variation_Selector}?${joiner}?`,
].join('|');

const someVisible = new RegExp(`[^${alone}${hidden}\\p{Cc}]`, 'v');
const someHidden = new RegExp(hidden, 'v');
const visibleOrHidden = new RegExp(`(${visible})|${hidden}`, 'gv');

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
