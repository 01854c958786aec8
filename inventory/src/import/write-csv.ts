import { stringify } from 'csv-stringify/sync';
import { type Item, itemChange } from '../item.ts';
import { plainNumber } from './read-cell.ts';
import { toTextCell } from './text-cell.ts';

/** The fields that an import reads, in the order of the columns. */
export const writtenFields = Object.keys(itemChange.shape) as (keyof Item)[];

export type CsvForm = {
  /** Begins with a byte order mark, by which Excel recognizes UTF-8. */
  bom: boolean;
  /** Where the comma is the decimal sign, spreadsheets separate cells by semicolons. */
  decimalComma: boolean;
};

export function csvHeader({ bom, decimalComma }: CsvForm): string {
  return stringify([writtenFields], { bom, delimiter: delimiterOf({ decimalComma }) });
}

/** Rows that a spreadsheet shows without running or changing a cell, and that `readCsv` reads back exactly. */
export function csvRows(items: Item[], { decimalComma }: Pick<CsvForm, 'decimalComma'>): string {
  const number = (value: number, { column }: { column?: string | number }) => {
    if (column === 'customer_id') return idCell(value);
    return decimalComma ? plainNumber(value).replace('.', ',') : plainNumber(value);
  };
  const cast = { boolean: String, number, string: toTextCell };
  return stringify(items, { columns: writtenFields, delimiter: delimiterOf({ decimalComma }), cast });
}

function delimiterOf({ decimalComma }: Pick<CsvForm, 'decimalComma'>): string {
  return decimalComma ? ';' : ',';
}

const shortIdMax = 99_999_999_999; // beyond it, Excel shows an exponent and saves what it shows

function idCell(id: number): string {
  return Math.abs(id) > shortIdMax ? toTextCell(String(id)) : String(id);
}
