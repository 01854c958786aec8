import type { MiddlewareContext } from '../context.ts';
import { moveCursor } from '../db/cursor.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { insertQuarantined } from '../db/quarantine.ts';
import type { SeenCustomer, UnusableEntry } from '../delivery.ts';
import { recorded } from '../life-cycle.ts';
import { stopIfAllAreNameless } from './nameless.ts';

/** Limits one transaction, however long the CRM's list is. */
const sliceMax = 500;

/**
 * Records customers as deliveries, in id order, and moves the cursor past them in the same transaction: a crash leaves
 * both or neither. Safe to repeat. Returns how many were new.
 */
export async function record(context: MiddlewareContext, customers: SeenCustomer[]): Promise<number> {
  const { write, clock, logger } = context;
  let count = 0;
  for (let start = 0; start < customers.length; start += sliceMax) {
    const slice = customers.slice(start, start + sliceMax);
    const last = slice.at(-1) as SeenCustomer;
    let isStopped = false;
    const added = await write(async (trx) => {
      const now = clock.now().toISOString();
      const inserted = await insertDeliveries(
        trx,
        slice.map((customer) => recorded(customer, now)),
      );
      await moveCursor(trx, last.id);
      isStopped = await stopIfAllAreNameless(trx, slice, now);
      return inserted;
    });
    count += added.length;
    if (isStopped) continue;
    const isNew = new Set(added);
    for (const { id, name, fault } of slice) {
      if (fault && isNew.has(id))
        logger.error(`no package for customer ${id} (${name}), dead: ${fault}`, { customerId: id });
    }
  }
  return count;
}

/** Stores entries without a usable id, and logs each once. */
export async function quarantine({ write, clock, logger }: MiddlewareContext, entries: UnusableEntry[]): Promise<void> {
  const kept = await write((trx) => insertQuarantined(trx, entries, clock.now().toISOString()));
  for (const { reason } of kept) logger.error(`the CRM lists ${reason}; it gets no package and is quarantined`);
}
