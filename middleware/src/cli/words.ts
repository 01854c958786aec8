import { AppError } from '@doorstep/kit/errors.ts';
import { printable } from '@doorstep/kit/text/printable.ts';
import type { MiddlewareContext } from '../context.ts';
import { toCustomerKey } from '../customer-key.ts';
import type { CustomerKey } from '../delivery.ts';

export const customerIdIs = 'the id of the customer in the CRM, with or without its SOURCE_NAME';
const customerIdForm = 'a positive integer, or a text of 1 to 100 visible characters';

/** @throws AppError `invalid` unless it is a customer id. */
export function customerId({ names }: Pick<MiddlewareContext, 'names'>, word: string | undefined): CustomerKey {
  const key = toCustomerKey(word);
  if (key === undefined) throw new AppError('invalid', `A customer id is required: ${customerIdForm}.`);
  return names.customerOf(key);
}

/** `2026-01-31 12:00:00Z` */
export function time(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')}Z`;
}

/** Lines with aligned columns. */
export function table(rows: (string | number)[][]): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(String(cell))));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const line = (row: string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return cells.map((row) => line(row).trimEnd());
}
