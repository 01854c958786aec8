import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { MiddlewareContext } from '../context.ts';
import { moveCursor } from '../db/cursor.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { insertQuarantined } from '../db/quarantine.ts';
import type { SeenCustomer, UnusableEntry } from '../delivery.ts';
import { type DeliveryRow, recorded, recordedAsSkipped, recordedIncomplete } from '../life-cycle.ts';
import { spread } from '../spread.ts';

/** Limits one transaction, however long the CRM's list is. */
const sliceMax = 500;

/**
 * Records customers as deliveries, in id order, and moves the cursor past them in the same transaction: a crash leaves
 * both or neither. Safe to repeat. Returns how many were new. `skips`: customers that get no package.
 */
export async function record(
  context: MiddlewareContext,
  customers: SeenCustomer[],
  skips: (customer: SeenCustomer) => boolean,
): Promise<number> {
  const { write, clock, logger } = context;
  let count = 0;
  for (let start = 0; start < customers.length; start += sliceMax) {
    const slice = customers.slice(start, start + sliceMax);
    const last = slice.at(-1) as SeenCustomer;
    const added = await write(async (trx) => {
      const now = clock.now();
      const inserted = await insertDeliveries(
        trx,
        slice.map((customer) => {
          return skips(customer) ? recordedAsSkipped(customer, now.toISOString()) : toDelivery(context, customer, now);
        }),
      );
      await moveCursor(trx, last.id);
      return inserted;
    });
    count += added.length;
    const isNew = new Set(added);
    const wait = formatDuration(context.waitsMs[0] ?? 0);
    for (const customer of slice) {
      const { id, fault } = customer;
      if (!fault || !isNew.has(id) || skips(customer)) continue;
      logger.warn(`no package for customer ${id} yet: ${fault}; the CRM is read again in ${wait}`, { customerId: id });
    }
  }
  return count;
}

function toDelivery({ waitsMs, random }: MiddlewareContext, customer: SeenCustomer, now: Date): DeliveryRow {
  if (customer.fault === undefined) return recorded(customer, now.toISOString());
  const dueAt = new Date(now.getTime() + Math.round(spread(waitsMs[0] ?? 0, random)));
  return recordedIncomplete(customer, { now: now.toISOString(), dueAt: dueAt.toISOString() });
}

/** Stores entries without a usable id, and logs each once. */
export async function quarantine({ write, clock, logger }: MiddlewareContext, entries: UnusableEntry[]): Promise<void> {
  const kept = await write((trx) => insertQuarantined(trx, entries, clock.now().toISOString()));
  for (const { reason } of kept) logger.error(`the CRM lists ${reason}; it gets no package and is quarantined`);
}
