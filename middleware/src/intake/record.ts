import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { Transaction } from 'kysely';
import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isNumber, isText } from '../customer-key.ts';
import { moveCursor } from '../db/cursor.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { writeFact } from '../db/facts.ts';
import { numberNew } from '../db/keys.ts';
import { insertQuarantined } from '../db/quarantine.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import type { CustomerKey, SeenCustomer, UnusableEntry } from '../delivery.ts';
import type { DeliveryRow } from '../delivery-row.ts';
import { recorded, recordedAsSkipped, recordedIncomplete } from '../life-cycle.ts';
import { spread } from '../spread.ts';
import { stopIfAllAreNameless } from './nameless.ts';

/** Limits one transaction, however long the CRM's list is. */
const sliceMax = 500;

type Options = {
  /** Customers that get no package. */
  skips: (customer: SeenCustomer) => boolean;
  /** Where a list with text ids was read to. */
  lastListed: CustomerKey | undefined;
};

/**
 * Records customers as deliveries, in id order, and moves the cursor past them in the same transaction: a crash leaves
 * both or neither. Safe to repeat. Returns how many were new.
 */
export async function record(
  context: MiddlewareContext,
  customers: SeenCustomer[],
  { skips, lastListed }: Options,
): Promise<number> {
  let count = 0;
  for (let start = 0; start < customers.length || (start === 0 && lastListed !== undefined); start += sliceMax) {
    const slice = customers.slice(start, start + sliceMax);
    const isLast = start + sliceMax >= customers.length;
    const options = { skips, lastListed: isLast ? lastListed : undefined };
    const { added, isStopped } = await context.write((trx) => recordSlice(trx, context, { slice, ...options }));
    count += added.length;
    // the pause says it for all of them
    if (!isStopped) tellFaults(context, added, skips);
  }
  return count;
}

async function recordSlice(
  trx: Transaction<LedgerDatabase>,
  context: MiddlewareContext,
  { slice, skips, lastListed }: Options & { slice: SeenCustomer[] },
) {
  const now = context.clock.now();
  const numbers = await numberNew(trx, slice.map(({ id }) => id).filter(isText));
  const numberOf = ({ id }: SeenCustomer) => (isNumber(id) ? id : (numbers.get(id) as number));
  const toRow = (customer: SeenCustomer) =>
    skips(customer) ? recordedAsSkipped(customer, now.toISOString()) : toDelivery(context, customer, now);
  // a text that the ledger knows already has no new number
  const unknown = slice.filter((customer) => isNumber(customer.id) || numbers.has(customer.id));
  const rows = unknown.map((customer) => ({ ...toRow(customer), customer_id: numberOf(customer) }));
  const inserted = new Set(await insertDeliveries(trx, rows));
  const last = slice.filter(hasNumber).at(-1);
  if (last) await moveCursor(trx, last.id);
  if (lastListed !== undefined) await writeFact(trx, 'lastListed', lastListed);
  const isStopped = await stopIfAllAreNameless(trx, slice, now.toISOString());
  return { added: unknown.filter((customer) => inserted.has(numberOf(customer))), isStopped };
}

function tellFaults({ logger, waitsMs }: MiddlewareContext, added: SeenCustomer[], skips: Options['skips']): void {
  const wait = formatDuration(waitsMs[0] ?? 0);
  for (const customer of added) {
    const { id, fault } = customer;
    if (!fault || skips(customer)) continue;
    logger.warn(`no package for customer ${id} yet: ${fault}; the CRM is read again in ${wait}`, { customerId: id });
  }
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
