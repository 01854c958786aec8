import { AppError } from '@doorstep/kit/errors.ts';
import { type ItemRow, toColumns } from '../db/items.ts';
import { type ItemChange, limitFaults } from '../item.ts';
import { requireRoom } from './require-room.ts';

/** The columns that are to be others than they are. */
export function changedColumns(before: ItemRow, change: ItemChange) {
  const columns = toColumns(change);
  const isNews = ([name, value]: [string, unknown]) => before[name as keyof ItemRow] !== value;
  return Object.fromEntries(Object.entries(columns).filter(isNews)) as typeof columns;
}

/** @throws AppError `invalid` where the limits of the stock would contradict each other, `conflict` as `requireRoom`. */
export function requireLimits(before: ItemRow, change: ItemChange): void {
  const after = {
    min_quantity: change.min_quantity ?? before.min_quantity,
    max_quantity: change.max_quantity === undefined ? before.max_quantity : change.max_quantity,
  };
  const errors = limitFaults(after).map(([field, message]) => ({ field, message }));
  if (errors.length > 0) {
    const sentences = errors.map(({ field, message }) => `${field} ${message}`);
    throw new AppError('invalid', sentences.join('; '), { errors });
  }
  if (change.quantity !== undefined) requireRoom({ ...before, ...after }, change.quantity);
}
