import { fieldTypeOf } from './field-types.ts';
import type { Notation } from './notation.ts';
import { readAmount } from './read-amount.ts';
import { readBoolean } from './read-boolean.ts';
import type { DecimalSign } from './read-number.ts';
import { formulaError, readTextCell } from './text-cell.ts';

/** A fault begins with the name of the column. An absent value is undefined, or null if that is what the field takes. */
type CellReading = { value: unknown } | { fault: string };

/** Converts a cell to the type of its field. */
export function readCell(name: string, cell: string, notation: Notation): CellReading {
  const type = fieldTypeOf(name);
  const isText = type?.kind === 'text';
  const { text, isLiteral } = readTextCell(name === 'description' ? cell : cell.trim());
  if (text.trim() === '' && !(isText && isLiteral)) return { value: type?.isNullable ? null : undefined };
  if (type?.kind === 'number') return readNumberCell(name, text, notation);
  if (type?.kind === 'boolean') return readBooleanCell(name, text);
  return isText && !isLiteral ? readPlainText(name, cell) : { value: text };
}

function readNumberCell(name: string, text: string, notation: Notation): CellReading {
  const { reading, currency } = readAmount(name, text);
  if (!reading) return { fault: `${name} must be a number, not ${shown(text)}` };
  const first = notation.currencyOf(name);
  if (currency && first && first.currency !== currency) {
    return {
      fault: `${name} ${shown(text)} has another currency than ${shown(first.cell)}; use one currency per column`,
    };
  }
  if ('value' in reading) return { value: reading.value };
  const sign = notation.decimalSignOf(name);
  if (sign) return { value: reading[sign] };
  return { fault: `${name} ${shown(text)} ${meanings(reading)}` };
}

function meanings(reading: Record<DecimalSign, number>): string {
  const [decimal, group] =
    Math.abs(reading['.']) < Math.abs(reading[',']) ? (['.', ','] as const) : ([',', '.'] as const);
  const whole = String(reading[group]);
  const asShown = (text: string) => text.replace('.', decimal);
  const either = `${asShown(String(reading[decimal]))} or ${whole}`;
  const write = `${asShown(plainNumber(reading[decimal]))} or ${whole}`;
  return `may mean ${either}, and the other numbers of the file do not show which; write ${write}`;
}

/** Adds a fourth decimal to a number that might be read as one with a group mark. */
export function plainNumber(value: number): string {
  const text = String(value);
  return /^-?[1-9]\d{0,2}\.\d{3}$/.test(text) ? `${text}0` : text;
}

function readBooleanCell(name: string, text: string): CellReading {
  const value = readBoolean(text);
  return value === undefined ? { fault: `${name} must be true or false, not ${shown(text)}` } : { value };
}

/** As a spreadsheet or a data frame writes an integer that it holds as a float, or with group marks. */
const ambiguousId = /^[-+]?(\d+([.,]0+|[.,]\d+e\+\d+)|\d{1,3}([.,'\u2019 ]\d{3})+)$/i;
/** As a spreadsheet writes a number of 12 digits or more. */
const roundedNumber = /^\d([.,]\d+)?E\+\d{2,}$/;

function readPlainText(name: string, cell: string): CellReading {
  const text = cell.trim();
  if (formulaError.test(text)) return { fault: `${name} is ${text}, the error of a formula; correct the formula` };
  if (name === 'sku' && roundedNumber.test(text)) {
    return {
      fault: `sku ${text} is a number that a spreadsheet has rounded; format the column as text and enter the sku again`,
    };
  }
  if (name !== 'customer_id') return { value: cell };
  if (!ambiguousId.test(text) && !roundedNumber.test(text)) return { value: text };
  return { fault: `customer_id ${text} may be a number or a text; write 7 for the number 7, or '7.0 for the text 7.0` };
}

const shownMax = 40;

function shown(cell: string): string {
  return JSON.stringify(cell.length > shownMax ? `${cell.slice(0, shownMax)}…` : cell);
}
