import type { Kysely, Selectable, Transaction } from 'kysely';
import type { ChangedField, CustomerEvent, EventData, EventType } from '../event.ts';
import type { CustomerRow } from './customers.ts';
import type { CrmDatabase } from './schema.ts';

type Occurrence = { type: EventType; time: string; changed?: ChangedField[] };

/** Writes down what has happened to a customer, in the transaction in which it happens. */
export async function insertEvent(
  trx: Transaction<CrmDatabase>,
  { id, name, email, created_at, deleted_at }: CustomerRow,
  { type, time, changed }: Occurrence,
): Promise<void> {
  const data: EventData = { id, name, email, created_at, deleted_at, ...(changed && { changed }) };
  const row = { type, customer_id: id, time, data: JSON.stringify(data), published_at: null };
  await trx.insertInto('events').values(row).execute();
}

export function toCustomerEvent(row: Selectable<CrmDatabase['events']>): CustomerEvent {
  return { ...row, data: JSON.parse(row.data) };
}

/** The oldest events that are not published yet, in order. */
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

/** Marks everything up to this event. Events become visible in the order of their ids, so nothing older comes after. */
export async function markPublished(db: Kysely<CrmDatabase>, upTo: number, now: string): Promise<void> {
  await db
    .updateTable('events')
    .set({ published_at: now })
    .where('id', '<=', upTo)
    .where('published_at', 'is', null)
    .execute();
}

/** How many events wait to be published, and for how long the oldest has; 0 where none does. */
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
