import type { MiddlewareContext } from '../context.ts';
import { moveCursor } from '../db/cursor.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import type { SeenCustomer } from '../delivery.ts';

/** Bounds one transaction, whatever length of list a CRM answers with. */
const sliceMax = 500;

/**
 * Records customers, in id order, as deliveries, and moves the cursor past them in the same transaction: a crash leaves
 * both or neither. Safe to repeat. Gives how many were new.
 */
export async function record({ write, clock }: MiddlewareContext, customers: SeenCustomer[]): Promise<number> {
  let recorded = 0;
  for (let start = 0; start < customers.length; start += sliceMax) {
    const slice = customers.slice(start, start + sliceMax);
    const last = slice.at(-1) as SeenCustomer;
    recorded += await write(async (trx) => {
      const inserted = await insertDeliveries(trx, slice, clock.now().toISOString());
      await moveCursor(trx, last.id);
      return inserted;
    });
  }
  return recorded;
}
