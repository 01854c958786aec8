/** Ignores case and the encoding of accents. Done here because each database folds letters differently. */
export function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/**
 * As `fold`. Also treats a final sigma as a sigma, and a capital letter of two code points as its lower-case letter
 * of one.
 */
export function searchFold(text: string): string {
  return fold(text).normalize('NFC').replaceAll('ς', 'σ');
}
