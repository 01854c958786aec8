import { fieldTypeOf } from './field-types.ts';
import { readAmount } from './read-amount.ts';
import type { DecimalSign } from './read-number.ts';
import { readTextCell } from './text-cell.ts';

export type Notation = ReturnType<typeof createNotation>;

/** Learns from the cells of a file how it writes numbers. */
export function createNotation() {
  const signs = new Map<string, Set<DecimalSign>>();
  const currencies = new Map<string, { currency: string; cell: string }>();
  return {
    note(name: string, cell: string): void {
      if (fieldTypeOf(name)?.kind !== 'number') return;
      const { reading, currency } = readAmount(name, readTextCell(cell.trim()).text);
      if (reading && 'value' in reading && reading.sign) {
        signs.set(name, (signs.get(name) ?? new Set()).add(reading.sign));
      }
      if (currency && !currencies.has(name)) currencies.set(name, { currency, cell });
    },
    /** The decimal sign of a column, or else of the whole file; undefined if there is none, or both. */
    decimalSignOf(name: string): DecimalSign | undefined {
      const seen = signs.get(name) ?? new Set([...signs.values()].flatMap((some) => [...some]));
      return seen.size === 1 ? [...seen][0] : undefined;
    },
    /** The first cell of a column that has a currency. */
    currencyOf: (name: string) => currencies.get(name),
  };
}
