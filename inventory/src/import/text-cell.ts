/** Spreadsheets run a cell that begins so, or a part of it (OWASP, CSV injection). The last four are full width. */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
/** Spreadsheets read such a cell as a number, a date or a time, and write it back in another form. */
const numeric = /^\d[\d.,:/'\u2019 eE+%-]*$/;
/** As `numeric`, but written back unchanged: Excel shows a number of 12 digits or more with an exponent. */
const shortInteger = /^(0|[1-9]\d{0,10})$/;
const blank = /^\s*$/;

/** What a formula shows instead of a value, in Excel in any language, Google Sheets, Numbers and LibreOffice. */
export const formulaError = /^(#(N\/[AD]|NV|[¡¿]?[\p{Lu}\d/]+[!?])|Err:\d{3})$/u;

/**
 * The cell for a text in a CSV file. A text that a spreadsheet would run, change or lose begins with an apostrophe, as
 * spreadsheets mark a text. A text that the marking would make ambiguous is marked, too: `readTextCell` gives every
 * text back exactly.
 */
export function toTextCell(text: string): string {
  return isMarkable(text) && !shortInteger.test(text) ? `'${text}` : text;
}

/** `isLiteral`: the file says that this is a text, whatever it looks like: by an apostrophe, or as `="00123"`. */
export function readTextCell(cell: string): { text: string; isLiteral: boolean } {
  if (cell.startsWith("'") && isMarkable(cell)) return { text: cell.slice(1), isLiteral: true };
  const [, quoted] = /^="((?:[^"]|"")*)"$/.exec(cell) ?? [];
  if (quoted) return { text: quoted.replaceAll('""', '"'), isLiteral: true };
  return { text: quoted ?? cell, isLiteral: false };
}

/** Looks behind the apostrophes, so that `'t Hof` and `'80s` stay as they are. */
function isMarkable(text: string): boolean {
  const rest = text.replace(/^'+/, '');
  return [formula, numeric, blank, formulaError].some((pattern) => pattern.test(rest));
}
