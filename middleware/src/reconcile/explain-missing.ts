import type { MiddlewareContext } from '../context.ts';
import { listStates } from '../db/deliveries.ts';
import { departedReason } from '../delivery.ts';

/** A customer without a package, and why. */
export type MissingCustomer = {
  customerId: number;
  /** There is no reason to wait for a person: no poll has seen this customer, or not since it was restored. */
  isNew: boolean;
  detail: string;
};

type Explained = {
  missing: MissingCustomer[];
  /** Their packages are yet to be requested, or tried again. */
  onTheirWay: number;
};

/** What the ledger knows of customers for whom no package was seen, in a comparison that began at `since`. */
export async function explainMissing(
  { db }: Pick<MiddlewareContext, 'db'>,
  customerIds: number[],
  { cursor, since }: { cursor: number; since: string },
): Promise<Explained> {
  const states = await listStates(db, customerIds);
  const missing: MissingCustomer[] = [];
  let onTheirWay = 0;
  for (const customerId of customerIds) {
    const delivery = states.get(customerId);
    if (!delivery) {
      if (customerId > cursor) onTheirWay += 1;
      else missing.push({ customerId, isNew: true, detail: `customer ${customerId} was never seen by a poll` });
    } else if (delivery.state === 'dead') {
      const isNew = delivery.error === departedReason;
      const why = isNew ? 'had been deleted, and is there again' : `dead, ${delivery.error}`;
      missing.push({ customerId, isNew, detail: `customer ${customerId}: ${why}` });
    } else if (delivery.state === 'delivered') {
      if (delivery.updated_at >= since) continue; // made after the packages were read
      const detail = `customer ${customerId}: delivered as package ${delivery.package_id}, which the Inventory has no more`;
      missing.push({ customerId, isNew: false, detail });
    } else {
      onTheirWay += 1;
    }
  }
  return { missing, onTheirWay };
}
