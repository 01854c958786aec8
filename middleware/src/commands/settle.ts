import { AppError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from '../context.ts';
import { findDelivery, updateDeliveries } from '../db/deliveries.ts';
import type { CustomerKey, PackageId } from '../delivery.ts';
import { settled } from '../life-cycle.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/**
 * Ends a delivery with a package that a person has found in the Inventory. Safe to repeat.
 * @throws AppError `not_found` for a customer that no poll has seen; `conflict` if the delivery has another package
 * already, or an attempt is under way.
 */
export function settle({ write, clock }: Writer, customerId: CustomerKey, packageId: PackageId): Promise<void> {
  return write(async (trx) => {
    const row = await findDelivery(trx, customerId);
    if (!row) throw new AppError('not_found', `Customer ${customerId} has not been seen in the CRM`);
    if (row.state === 'delivered') {
      if (row.package_id === JSON.stringify(packageId)) return;
      throw new AppError('conflict', `Customer ${customerId} already has package ${row.package_id}`);
    }
    if (row.claimed_at !== null)
      throw new AppError('conflict', `An attempt for customer ${customerId} is under way; try again in a minute`);
    await updateDeliveries(trx, [settled(row.customer_id, packageId, clock.now().toISOString())]);
  });
}
