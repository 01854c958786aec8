import { type NumberReading, readNumber } from './read-number.ts';

type AmountReading = { reading?: NumberReading | undefined; currency?: string };

const amounts = ['price', 'cost'];

/** As spreadsheets write a currency besides its sign or its code (ISO 4217). */
const currencyWords = new Set([...Intl.supportedValuesOf('currency'), 'Fr.', 'Ft', 'Kč', 'kr', 'kr.', 'lei', 'zł']);
const currencySign = /^\p{L}{0,3}\p{Sc}$/u;
const word = '(?:[^\\d\\s.,+\\-\\u2212]+\\.?)?';
const parts = new RegExp(`^(${word})\\s*(.*?)\\s*(${word})$`, 'su');

const numberMax = 100; // in characters; the patterns take quadratic time on a long cell

/** Reads the number of a cell. A price or a cost may have a currency on either side. */
export function readAmount(name: string, cell: string): AmountReading {
  if (cell.length > numberMax) return {};
  if (!amounts.includes(name)) return { reading: readNumber(cell) };
  const [, before = '', number = '', after = ''] = parts.exec(cell.trim()) ?? [];
  const currency = before || after;
  if (currency === '') return { reading: readNumber(cell) };
  const isCurrency = currencySign.test(currency) || currencyWords.has(currency);
  return isCurrency && before + after === currency ? { reading: readNumber(number), currency } : {};
}
