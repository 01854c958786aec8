import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { deletePackageItems, listTaken } from '../db/package-items.ts';
import { toPackage } from '../db/package-views.ts';
import { type PackageRow, requirePackage, updateStatuses } from '../db/packages.ts';
import { reasons } from '../movement.ts';
import { nextStatuses, type PackageStatus, type WelcomePackage } from '../package.ts';
import { takeKits } from '../stock/take-kits.ts';
import { type StockWrite, writeStock } from '../stock/write-stock.ts';
import { type Keyed, type Made, once } from './once.ts';

/**
 * Changes the status of a package. A cancelled package gives its items back to the stock; a reinstated one takes items
 * anew, or is backordered. A second call is rejected, because the package already has the status; with the same
 * idempotency key it returns what the first one returned.
 * @throws AppError `not_found`, `conflict` if the package cannot change from its status to this one, or `unprocessable`
 * if the key was used for a different request.
 */
export function changePackageStatus(
  context: InventoryContext,
  { id, idempotencyKey }: { id: number } & Keyed,
  status: PackageStatus,
): Promise<Made<WelcomePackage>> {
  return writeStock(context, (write) =>
    once(write.trx, { idempotencyKey, request: { statusOf: id, status } }, async () => {
      const row = await requirePackage(write.trx, id);
      if (!nextStatuses[row.status].includes(status)) throw new AppError('conflict', refusal(row.status, status));
      await updateStatuses(write.trx, [id], status);
      if (status === 'cancelled') await giveBack(write, id);
      const isShort = row.status === 'cancelled' && (await takeAnew(write, row));
      return toPackage({ ...row, status: isShort ? 'backordered' : status });
    }),
  );
}

async function giveBack({ trx, stock }: StockWrite, id: number): Promise<void> {
  const taken = await listTaken(trx, id);
  await stock.load(taken.map(({ item_id }) => item_id));
  for (const { item_id, quantity } of taken) {
    stock.change(item_id, { by: quantity }, { reason: reasons.cancelled, packageId: id });
  }
}

/** Takes what the kit contains now, as a new package would. Returns whether the package has to wait. */
async function takeAnew(write: StockWrite, row: PackageRow): Promise<boolean> {
  await deletePackageItems(write.trx, row.id);
  return (await takeKits(write, [row])).has(row.id);
}

function refusal(from: PackageStatus, to: PackageStatus): string {
  if (from === to) return `The package is already ${from}`;
  if (from === 'backordered' && to === 'received') {
    return 'The package is backordered; it becomes received automatically when its items are in stock';
  }
  const next = nextStatuses[from];
  const possible = next.length > 0 ? `it can only become ${next.join(' or ')}` : 'its status is final';
  return `A ${from} package cannot become ${to}; ${possible}`;
}
