import { randomUUID } from 'node:crypto';
import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { LowStock } from '../stock-news.ts';
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

/** Keeps alerts until they are sent, in the transaction in which the items fall. */
export async function insertAlerts(trx: Transaction<InventoryDatabase>, low: LowStock[], time: string): Promise<void> {
  if (low.length === 0) return;
  const rows = low.map((data) => ({
    item_id: data.item_id,
    message_id: `msg_${randomUUID()}`,
    // as it will be signed, so that it is the same however often it is sent
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

/** Those that are due, the one that is due for longest first. */
export function listDueAlerts(db: Kysely<InventoryDatabase>, now: string, limit: number): Promise<AlertRow[]> {
  return waiting(db)
    .selectAll()
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

export async function countWaitingAlerts(db: Kysely<InventoryDatabase>): Promise<number> {
  const { count } = await waiting(db)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

export async function markAlert(
  trx: Transaction<InventoryDatabase>,
  id: number,
  change: { sent_at: string } | { attempts: number; next_attempt_at: string },
): Promise<void> {
  await trx.updateTable('low_stock_alerts').set(change).where('id', '=', id).execute();
}

function waiting(db: Kysely<InventoryDatabase>) {
  return db.selectFrom('low_stock_alerts').where('sent_at', 'is', null);
}
