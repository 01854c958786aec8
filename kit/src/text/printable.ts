/**
 * Characters that control a terminal: control characters, line separators and bidirectional overrides. Names and
 * reasons come from outside, so these characters in them must not reach a terminal or start a new line.
 */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** For the log, which shows the original character: `\u001b`. */
export function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** For text within a line. */
export function inLine(text: string): string {
  return text.replace(unprintable, '\uFFFD');
}

/** For text whose line breaks are our own. */
export function inLines(text: string): string {
  return text.replace(unprintable, (char) => (char === '\n' ? char : '\uFFFD'));
}
