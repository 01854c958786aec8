/**
 * Kinds of characters, as parts of a character class. They are written out instead of `\p{…}` because the OpenAPI
 * documents use them, and few validators know Unicode properties. A test compares them with the properties.
 */

export const control = '\\u0000-\\u001f\\u007f-\\u009f';

/** Spaces of every width. */
export const space = ' \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';

/**
 * Shows nothing, hides in a text, or changes the direction of the text after it: Unicode's default-ignorable characters,
 * format characters, line separators, and the blank Braille pattern. These are the ones up to U+FFFF.
 */
export const usualHidden = [
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f',
  '\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb',
].join('');

/** All of them. Those above U+FFFF are written as themselves, because the notation \u{…} is JavaScript's alone. */
export const hidden = `${usualHidden}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}`;

/** Marks that stand on a letter of any script and show nothing sensible without one. */
export const accent = '\\u0300-\\u034e\\u0350-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f';

/** Latin, Greek and Cyrillic letters. */
export const plainLetter = [
  'A-Za-z\\u00aa\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02b8\\u02e0-\\u02e4',
  '\\u0370-\\u0373\\u0376-\\u037d\\u037f\\u0386\\u0388-\\u052f\\u1c80-\\u1c8f\\u1d00-\\u1dbf\\u1e00-\\u1fbc\\u1fbe',
  '\\u1fc2-\\u1fcc\\u1fd0-\\u1fdb\\u1fe0-\\u1fec\\u1ff2-\\u1ffc\\u2071\\u207f\\u2090-\\u209c\\u2126\\u212a\\u212b\\u2132',
  '\\u214e\\u2160-\\u2188\\u2c60-\\u2c7f\\u2de0-\\u2dff\\ua640-\\ua69f\\ua722-\\ua787\\ua78b-\\ua7ff\\uab30-\\uab5a',
  '\\uab5c-\\uab69\\ufb00-\\ufb06\\uff21-\\uff3a\\uff41-\\uff5a',
].join('');

/** Chooses one of the forms in which a character is written. */
export const variationSelector = '\\u180b-\\u180d\\u180f\\ufe00-\\ufe0f\u{e0100}-\u{e01ef}';

/** Says whether two characters join: the zero width joiner and non-joiner, and the Mongolian vowel separator. */
export const joiner = '\\u180e\\u200c\\u200d';
