import { AppError } from '@doorstep/kit/errors.ts';
import { type Columns, type ItemRow, toColumns, updateItems } from '../db/items.ts';
import { type ItemChange, limitFaults } from '../item.ts';
import { requireRoom } from './require-room.ts';
import type { StockWrite } from './write-stock.ts';

export type Plan = {
  row: ItemRow;
  columns: Partial<Columns>;
  by: number | undefined;
};

/**
 * Plans a change of an item and its stock; undefined if nothing changes.
 * @throws AppError `invalid` if the stock limits would contradict each other, or `conflict` if the stock would be above
 * its limit.
 */
export function planChange(row: ItemRow, change: ItemChange): Plan | undefined {
  requireLimits(row, change);
  const columns = changedColumns(row, change);
  const by = (change.quantity ?? row.quantity) - row.quantity || undefined;
  return Object.keys(columns).length > 0 || by !== undefined ? { row, columns, by } : undefined;
}

/** Carries out plans, each for a different item. */
export async function changeItems(
  { trx, stock }: Pick<StockWrite, 'trx' | 'stock'>,
  plans: Plan[],
  reason: string,
): Promise<void> {
  const changed = plans.filter(({ columns }) => Object.keys(columns).length > 0);
  await updateItems(
    trx,
    changed.map(({ row, columns }) => ({ ...row, ...columns })),
    stock.time,
  );
  // with the new name, for alerts, but low as before, so that a raised minimum or an activation raises one
  await stock.load(
    plans.map(({ row, columns }) => {
      const { min_quantity, is_active } = row;
      return { ...row, ...columns, min_quantity, is_active };
    }),
  );
  for (const { row, columns, by } of plans) {
    stock.change(row.id, { by, minimum: columns.min_quantity, isActive: columns.is_active }, { reason });
  }
}

function changedColumns(before: ItemRow, { sku, ...others }: ItemChange): Partial<Columns> {
  // the key of an unchanged sku may be that of a twin (see `separateTwins`), and stays
  const columns = toColumns(sku === before.sku ? others : { sku, ...others });
  const isNews = ([name, value]: [string, unknown]) => before[name as keyof ItemRow] !== value;
  return Object.fromEntries(Object.entries(columns).filter(isNews));
}

/** @throws AppError `invalid` if the stock limits would contradict each other, `conflict` like `requireRoom`. */
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
