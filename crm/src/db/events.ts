import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { fieldsOf } from '../customer.ts';
import type { ChangedField, CustomerEvent, EventData, EventType } from '../event.ts';
import type { CustomerRow } from './customers.ts';
import type { CrmDatabase } from './schema.ts';

type Occurrence = { type: EventType; time: string; changed?: ChangedField[] };

const newEventColumns = { type: 'text', customer_id: 'bigint', time: 'timestamptz', data: 'text' } as const;
const newEventNames = Object.keys(newEventColumns) as (keyof typeof newEventColumns)[];

/** Writes one event for each customer, in order. Call it in the transaction that changes the customers. */
export async function insertEvents(
  trx: Transaction<CrmDatabase>,
  customers: CustomerRow[],
  { type, time, changed }: Occurrence,
): Promise<void> {
  if (customers.length === 0) return;
  const events = customers.map((customer, place) => {
    const { id, created_at, deleted_at } = customer;
    const data: EventData = { id, ...fieldsOf(customer), created_at, deleted_at, ...(changed && { changed }) };
    return { place, type, customer_id: id, time, data: JSON.stringify(data) };
  });
  const table = jsonTable(trx, events, { place: 'integer', ...newEventColumns });
  await trx
    .insertInto('events')
    .columns(newEventNames)
    .expression((eb) => eb.selectFrom(table.as('event')).select(newEventNames).orderBy('place'))
    .execute();
}

export function toCustomerEvent(row: Selectable<CrmDatabase['events']>): CustomerEvent {
  return { ...row, data: JSON.parse(row.data) };
}

/** The oldest unpublished events, in order. */
export async function listUnpublished(db: Kysely<CrmDatabase>, limit: number): Promise<CustomerEvent[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('published_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toCustomerEvent);
}

/** Marks all events up to this id. Safe because events become visible in id order, so no lower id can appear later. */
export async function markPublished(db: Kysely<CrmDatabase>, upTo: number, now: string): Promise<void> {
  await db
    .updateTable('events')
    .set({ published_at: now })
    .where('id', '<=', upTo)
    .where('published_at', 'is', null)
    .execute();
}

const oldEventsMax = 500;

/**
 * Deletes events that were published before this time, at most 500. They are published in id order, so the old ones are
 * among the first. Returns whether there may be more.
 */
export async function deleteOldEvents(trx: Transaction<CrmDatabase>, before: string): Promise<boolean> {
  const first = await trx
    .selectFrom('events')
    .select(['id', 'published_at'])
    .orderBy('id')
    .limit(oldEventsMax)
    .execute();
  const ids = first.filter((event) => event.published_at !== null && event.published_at < before).map(({ id }) => id);
  if (ids.length > 0) await trx.deleteFrom('events').where('id', 'in', ids).execute();
  return ids.length === oldEventsMax;
}

/** The number of unpublished events, and the age of the oldest in seconds (0 if there is none). */
export async function unpublishedBacklog(
  db: Kysely<CrmDatabase>,
  now: Date,
): Promise<{ count: number; oldestSeconds: number }> {
  const { count } = await db
    .selectFrom('events')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('published_at', 'is', null)
    .executeTakeFirstOrThrow();
  const [oldest] = await listUnpublished(db, 1);
  return { count, oldestSeconds: oldest ? Math.max(0, now.getTime() - Date.parse(oldest.time)) / 1000 : 0 };
}
