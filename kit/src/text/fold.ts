/** Case, and how an accent is encoded, do not count. The databases fold letters each in its own way, so neither is asked to. */
export function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/**
 * As `fold`; a sigma at the end of a word is the same letter as one within, and so is a capital that is written as two
 * characters and its small letter that is one.
 */
export function searchFold(text: string): string {
  return fold(text).normalize('NFC').replaceAll('ς', 'σ');
}
