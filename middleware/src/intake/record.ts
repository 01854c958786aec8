import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isNumber, isText } from '../customer-key.ts';
import { moveCursor } from '../db/cursor.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { writeFact } from '../db/facts.ts';
import { numberNew } from '../db/keys.ts';
import { insertQuarantined } from '../db/quarantine.ts';
import type { CustomerKey, SeenCustomer, UnusableEntry } from '../delivery.ts';
import type { DeliveryRow } from '../delivery-row.ts';
import { recorded, recordedAsSkipped, recordedIncomplete } from '../life-cycle.ts';
import { spread } from '../spread.ts';
import { stopIfAllAreNameless } from './nameless.ts';

/** Limits one transaction, however long the CRM's list is. */
const sliceMax = 500;

/**
 * Records customers as deliveries, in id order, and moves the cursor past them in the same transaction: a crash leaves
 * both or neither. `skips`: customers that get no package. `lastListed` is where a list with text ids was read to. Safe to
 * repeat. Returns how many were new.
 */
export async function record(
  context: MiddlewareContext,
  customers: SeenCustomer[],
  { skips, lastListed }: { skips: (customer: SeenCustomer) => boolean; lastListed: CustomerKey | undefined },
): Promise<number> {
  const { write, clock, logger } = context;
  let count = 0;
  for (let start = 0; start < customers.length || (start === 0 && lastListed !== undefined); start += sliceMax) {
    const slice = customers.slice(start, start + sliceMax);
    const last = slice.filter(hasNumber).at(-1);
    const isLastSlice = start + sliceMax >= customers.length;
    let isStopped = false;
    const { added, numbers } = await write(async (trx) => {
      const now = clock.now();
      const numbers = await numberNew(trx, slice.map(({ id }) => id).filter(isText));
      const inserted = await insertDeliveries(
        trx,
        slice.flatMap((customer) => {
          const number = isNumber(customer.id) ? customer.id : numbers.get(customer.id);
          const row = skips(customer)
            ? recordedAsSkipped(customer, now.toISOString())
            : toDelivery(context, customer, now);
          return number === undefined ? [] : { ...row, customer_id: number };
        }),
      );
      if (last) await moveCursor(trx, last.id);
      if (isLastSlice && lastListed !== undefined) await writeFact(trx, 'lastListed', lastListed);
      isStopped = await stopIfAllAreNameless(trx, slice, now.toISOString());
      return { added: new Set(inserted), numbers };
    });
    count += added.size;
    // the pause says it for all of them
    if (isStopped) continue;
    const wait = formatDuration(context.waitsMs[0] ?? 0);
    for (const customer of slice) {
      const { id, fault } = customer;
      if (!fault || skips(customer) || !added.has(isNumber(id) ? id : (numbers.get(id) ?? 0))) continue;
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
