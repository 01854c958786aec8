import { randomUUID } from 'node:crypto';
import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { LowStock } from '../stock-news.ts';
import { count } from './count.ts';
import type { InventoryDatabase } from './schema.ts';

export type AlertRow = Selectable<InventoryDatabase['low_stock_alerts']>;

const columns = ['item_id', 'message_id', 'body', 'next_attempt_at', 'created_at'] as const;
const columnTypes = {
  item_id: 'bigint',
  message_id: 'text',
  body: 'text',
  next_attempt_at: 'timestamptz',
  created_at: 'timestamptz',
} as const;

/** Stores alerts until they are delivered, in the transaction that lowers the stock. */
export async function insertAlerts(trx: Transaction<InventoryDatabase>, low: LowStock[], time: string): Promise<void> {
  if (low.length === 0) return;
  const rows = low.map((data) => ({
    item_id: data.item_id,
    message_id: `msg_${randomUUID()}`,
    // stored as text, so that every attempt signs and sends the same bytes
    body: JSON.stringify({ type: 'item.low_stock', timestamp: time, data }),
    next_attempt_at: time,
    created_at: time,
  }));
  await trx
    .insertInto('low_stock_alerts')
    .columns([...columns])
    .expression((eb) => eb.selectFrom(jsonTable(trx, rows, columnTypes).as('alert')).select(columns))
    .execute();
}

/**
 * The due alerts: those with the fewest attempts first, then those that are due longest. An alert whose wait exceeds
 * `waitMsMax` is due too, because the clock was wrong when the wait was set.
 */
export function listDueAlerts(
  db: Kysely<InventoryDatabase>,
  { now, waitMsMax, limit }: { now: Date; waitMsMax: number; limit: number },
): Promise<AlertRow[]> {
  const latest = new Date(now.getTime() + waitMsMax).toISOString();
  return db
    .selectFrom('low_stock_alerts')
    .selectAll()
    .where('sent_at', 'is', null)
    .where((eb) => eb.or([eb('next_attempt_at', '<=', now.toISOString()), eb('next_attempt_at', '>', latest)]))
    .orderBy('attempts')
    .orderBy('next_attempt_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

export function countAlerts(db: Kysely<InventoryDatabase>): Promise<number> {
  return count(db.selectFrom('low_stock_alerts').where('sent_at', 'is', null));
}

export async function postponeAlert(
  trx: Transaction<InventoryDatabase>,
  { id, attempts, next_attempt_at }: Pick<AlertRow, 'id' | 'attempts' | 'next_attempt_at'>,
): Promise<void> {
  await trx.updateTable('low_stock_alerts').set({ attempts, next_attempt_at }).where('id', '=', id).execute();
}

export async function markSent(trx: Transaction<InventoryDatabase>, id: number, now: string): Promise<void> {
  await trx.updateTable('low_stock_alerts').set({ sent_at: now }).where('id', '=', id).execute();
}

const oldAlertsMax = 500;

/** Deletes alerts that were sent before this time, at most 500. Returns whether there may be more. */
export async function deleteOldAlerts(trx: Transaction<InventoryDatabase>, before: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('low_stock_alerts')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('low_stock_alerts')
        .select('id')
        .where('sent_at', 'is not', null)
        .where('sent_at', '<', before)
        .orderBy('sent_at')
        .limit(oldAlertsMax),
    )
    .executeTakeFirst();
  return Number(numDeletedRows) === oldAlertsMax;
}
