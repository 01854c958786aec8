/**
 * What steers a terminal: control characters, line separators, and what reverses the direction of text. Names and reasons
 * come from outside, and one of these in them must neither reach a terminal nor start a line of its own.
 */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** For the log, where a person wants to see what it was: `\u001b`. */
export function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** For a part of a line. */
export function inLine(text: string): string {
  return text.replace(unprintable, '\uFFFD');
}

/** For text whose line breaks are our own. */
export function inLines(text: string): string {
  return text.replace(unprintable, (char) => (char === '\n' ? char : '\uFFFD'));
}
