/** Each language of a spreadsheet has its own words; the rest is what people type. */
const trueWords = [
  ...['true', 'wahr', 'vrai', 'verdadero', 'vero', 'verdadeiro', 'waar', 'prawda', 'sant', 'sann', 'sand', 'tosi'],
  ...['pravda', 'igaz', 'doğru', 'истина', '1', 'yes', 'y', 'on', 'ja', 'j', 'oui', 'sí', 'si', 'sì', 'sim'],
];
const falseWords = [
  ...['false', 'falsch', 'faux', 'falso', 'onwaar', 'fałsz', 'falskt', 'usann', 'falsk', 'epätosi', 'nepravda'],
  ...['hamis', 'yanlış', 'ложь', '0', 'no', 'n', 'off', 'nein', 'nee', 'non', 'não'],
];
const booleans = new Map([
  ...trueWords.map((word) => [keyOf(word), true] as const),
  ...falseWords.map((word) => [keyOf(word), false] as const),
]);

/** Undefined for any other word. */
export function readBoolean(cell: string): boolean | undefined {
  return booleans.get(keyOf(cell));
}

/** In upper case, in which Turkish has no dotless i. */
function keyOf(word: string): string {
  return word.trim().normalize('NFC').toUpperCase();
}
