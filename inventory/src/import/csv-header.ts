import { AppError } from '@doorstep/kit/errors.ts';
import type { Row } from './csv-rows.ts';
import { fieldTypeOf } from './field-types.ts';

const delimiters = [',', ';', '\t', '|'];

/**
 * The delimiter that the line `sep=;` above the header declares, as Excel writes and reads it, or else the one that
 * occurs most often in the header.
 * @throws AppError `invalid`
 */
export function delimiterOf(start: string): { delimiter: string; isDeclared: boolean } {
  const [first = ''] = start.trimStart().split(/[\r\n]/, 1);
  const [, declared] = /^"?sep=(.)"?[,;\t|]*$/i.exec(first) ?? [];
  if (declared === undefined) return { delimiter: mostFrequent(first), isDeclared: false };
  if (delimiters.includes(declared)) return { delimiter: declared, isDeclared: true };
  throw new AppError('invalid', `The delimiter ${JSON.stringify(declared)} cannot be read; use , or ; or | or a tab.`);
}

function mostFrequent(header: string): string {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const count = (delimiter: string) => unquoted.split(delimiter).length;
  return delimiters.reduce((best, other) => (count(other) > count(best) ? other : best));
}

/** The name of each column. Columns without a name are ignored. @throws AppError `invalid` */
export function headerOf({ line, cells }: Row): string[] {
  const names = cells.map((cell) => nameOf(cell.trim()));
  const missing = ['sku', 'name', 'price'].filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new AppError(
      'invalid',
      `Line ${line} must be a JSON object or a CSV header; it has no ${missing.join(' and no ')}.`,
    );
  }
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined) throw new AppError('invalid', `Line ${line} names ${JSON.stringify(twice)} twice.`);
  return names;
}

/** `Min Quantity` is `min_quantity`. Names that are no fields of an item stay as they are. */
function nameOf(name: string): string {
  const field = name.toLowerCase().replace(/[\s_-]+/g, '_');
  return fieldTypeOf(field) ? field : name;
}
