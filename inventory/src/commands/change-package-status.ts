import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { listTaken } from '../db/package-items.ts';
import { toPackage } from '../db/package-views.ts';
import { requirePackage, updateStatuses } from '../db/packages.ts';
import { reasons } from '../movement.ts';
import { nextStatuses, type PackageStatus, type WelcomePackage } from '../package.ts';
import { writeStock } from '../stock/write-stock.ts';

/**
 * Changes the status of a package; a cancelled package gives its items back to the stock. A second call is rejected,
 * because the package already has the status.
 * @throws AppError `not_found`, or `conflict` if the package cannot change from its status to this one.
 */
export function changePackageStatus(
  context: InventoryContext,
  id: number,
  status: PackageStatus,
): Promise<WelcomePackage> {
  return writeStock(context, async ({ trx, stock }) => {
    const row = await requirePackage(trx, id);
    if (!nextStatuses[row.status].includes(status)) throw new AppError('conflict', refusal(row.status, status));
    await updateStatuses(trx, [id], status);
    if (status === 'cancelled') {
      const taken = await listTaken(trx, id);
      await stock.load(taken.map(({ item_id }) => item_id));
      for (const { item_id, quantity } of taken) {
        stock.change(item_id, { by: quantity }, { reason: reasons.cancelled, packageId: id });
      }
    }
    return toPackage({ ...row, status });
  });
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
