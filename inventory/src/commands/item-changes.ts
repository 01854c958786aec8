import { AppError } from '@doorstep/kit/errors.ts';
import { type ItemRow, toColumns, updateItemColumns } from '../db/items.ts';
import { type ItemChange, limitFaults } from '../item.ts';
import { requireRoom } from './require-room.ts';
import type { StockWrite } from './write-stock.ts';

type Changing = { row: ItemRow; change: ItemChange; reason: string };

/**
 * Changes what is given, the stock included, and gives whether that is a change.
 * @throws AppError `invalid` where the limits of the stock would contradict each other, or `conflict` where the stock would
 * be above its limit; nothing is changed then.
 */
export async function changeItem(
  { trx, stock }: Pick<StockWrite, 'trx' | 'stock'>,
  { row, change, reason }: Changing,
): Promise<boolean> {
  requireLimits(row, change);
  const columns = changedColumns(row, change);
  const by = (change.quantity ?? row.quantity) - row.quantity || undefined;
  const isChanged = Object.keys(columns).length > 0;
  if (isChanged) await updateItemColumns(trx, { id: row.id, time: stock.time }, columns);
  // under its new name, and judged by its new minimum
  await stock.load([{ ...row, ...columns, min_quantity: row.min_quantity }]);
  stock.change(row.id, { by, minimum: columns.min_quantity }, { reason });
  return isChanged || by !== undefined;
}

/** The columns that are to be others than they are. */
function changedColumns(before: ItemRow, change: ItemChange) {
  const columns = toColumns(change);
  const isNews = ([name, value]: [string, unknown]) => before[name as keyof ItemRow] !== value;
  return Object.fromEntries(Object.entries(columns).filter(isNews)) as typeof columns;
}

/** @throws AppError `invalid` where the limits of the stock would contradict each other, `conflict` as `requireRoom`. */
function requireLimits(before: ItemRow, change: ItemChange): void {
  const after = {
    min_quantity: change.min_quantity ?? before.min_quantity,
    max_quantity: change.max_quantity === undefined ? before.max_quantity : change.max_quantity,
  };
  const errors = [...limitFaults(after)];
  if (errors.length > 0) {
    const sentences = errors.map(({ field, message }) => `${field} ${message}`);
    throw new AppError('invalid', sentences.join('; '), { errors });
  }
  if (change.quantity !== undefined) requireRoom({ ...before, ...after }, change.quantity);
}
