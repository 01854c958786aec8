import type { MiddlewareContext } from '../context.ts';
import { listStates } from '../db/deliveries.ts';
import { departedReason } from '../delivery.ts';

export type MissingCustomer = {
  customerId: number;
  /** Needs no operator: no poll has seen this customer, or none since it was restored. */
  isNew: boolean;
  detail: string;
};

type Explained = {
  missing: MissingCustomer[];
  /** Customers whose delivery is unfinished. */
  onTheirWay: number;
  /** Customers from before START_FROM. */
  skipped: number;
};

/** Explains from the ledger why customers have no package, in a reconciliation that began at `since`. */
export async function explainMissing(
  { db }: Pick<MiddlewareContext, 'db'>,
  customerIds: number[],
  { cursor, since }: { cursor: number; since: string },
): Promise<Explained> {
  const states = await listStates(db, customerIds);
  const missing: MissingCustomer[] = [];
  let onTheirWay = 0;
  let skipped = 0;
  for (const customerId of customerIds) {
    const delivery = states.get(customerId);
    if (!delivery) {
      if (customerId > cursor) onTheirWay += 1;
      else missing.push({ customerId, isNew: true, detail: `customer ${customerId}: not recorded by any poll yet` });
    } else if (delivery.state === 'dead') {
      const isNew = delivery.error === departedReason;
      const why = isNew ? 'was deleted and has been restored' : `dead, ${delivery.error}`;
      missing.push({ customerId, isNew, detail: `customer ${customerId}: ${why}` });
    } else if (delivery.state === 'delivered') {
      if (delivery.updated_at >= since) continue; // created after the packages were read
      const detail = `customer ${customerId}: delivered as package ${delivery.package_id}, which no longer exists`;
      missing.push({ customerId, isNew: false, detail });
    } else if (delivery.state === 'skipped') {
      skipped += 1;
    } else {
      onTheirWay += 1;
    }
  }
  return { missing, onTheirWay, skipped };
}
