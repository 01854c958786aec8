export type DecimalSign = '.' | ',';

/** `sign`: the decimal sign that the file must use for the cell to be a number; undefined if either would do. */
export type NumberReading = { value: number; sign?: DecimalSign } | Record<DecimalSign, number>;

const spaces = ' \u00a0\u2009\u202f';
const cellShape = new RegExp(`^([-+\u2212]?)[${spaces}]*([\\d.,'\u2019${spaces}]*\\d)(e[-+\u2212]?\\d{1,3})?$`, 'i');
const mantissa = /^\d*(?:[.,]\d+)?$/;

/**
 * Reads a number in the notation of any spreadsheet: `1.234,50`, `1,234.50`, `1 234,50`, `1'234.50`, `1,5E+03`. If a dot
 * or a comma may be a decimal sign or a group mark, as in `1.000`, returns the number for each decimal sign. Undefined
 * if the cell is no number.
 */
export function readNumber(cell: string): NumberReading | undefined {
  const [, sign, digits = '', exponent = ''] = cellShape.exec(cell.trim()) ?? [];
  if (sign === undefined) return undefined;
  const isNegative = sign !== '' && sign !== '+';
  const value = (decimal: DecimalSign) => {
    const isNumber = exponent === '' ? numbers[decimal].test(digits) : isMantissa(digits, decimal);
    if (!isNumber) return undefined;
    const plain = digits.replace(groupMarks[decimal], '').replace(',', '.');
    const number = Number(`${plain}${exponent.replace('\u2212', '-')}`);
    return isNegative ? -number : number;
  };
  const [point, comma] = [value('.'), value(',')];
  if (point === undefined) return comma === undefined ? undefined : { value: comma, sign: ',' };
  if (comma === undefined) return { value: point, sign: '.' };
  return point === comma ? { value: point } : { '.': point, ',': comma };
}

/** A number with an exponent has no group marks. */
function isMantissa(digits: string, decimal: DecimalSign): boolean {
  return mantissa.test(digits) && (/^\d+$/.test(digits) || digits.includes(decimal));
}

const groupMarks = { '.': /[^\d.]/g, ',': /[^\d,]/g };
const numbers = { '.': numberWith('.', ','), ',': numberWith(',', '.') };

/** Digits, grouped or not, and decimals. A group mark is the other sign, an apostrophe or a space of any width. */
function numberWith(decimal: DecimalSign, other: DecimalSign): RegExp {
  const grouped = `[1-9]\\d{0,2}([${other}'\u2019${spaces}])\\d{3}(?:\\1\\d{3})*`;
  const indian = `[1-9]\\d?(?:${other}\\d\\d)+${other}\\d{3}`;
  const whole = decimal === '.' ? `\\d+|${grouped}|${indian}` : `\\d+|${grouped}`;
  return new RegExp(`^(?:${whole})?(?:[${decimal}]\\d+)?$`);
}
