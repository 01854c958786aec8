import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { type ExpressionBuilder, type Kysely, sql, type Transaction } from 'kysely';
import { isNumber, isText } from '../customer-key.ts';
import type { CustomerKey } from '../delivery.ts';
import type { DeliveryRow } from '../delivery-row.ts';
import type { Person } from '../strangers.ts';
import { keyOf, numberOf, numbersOf } from './keys.ts';
import type { LedgerDatabase } from './schema.ts';

const columnTypes = {
  customer_id: 'bigint',
  customer_key: 'text',
  customer_name: 'text',
  customer_created_at: 'timestamptz',
  state: 'text',
  attempts: 'integer',
  posts: 'integer',
  waits_used: 'integer',
  due_at: 'timestamptz',
  claimed_at: 'timestamptz',
  before_post: 'text',
  doubt_at: 'timestamptz',
  read_at: 'timestamptz',
  refusal: 'text',
  package_id: 'text',
  settled_at: 'timestamptz',
  error: 'text',
  report_pending: 'integer',
  recorded_at: 'timestamptz',
  waiting_since: 'timestamptz',
  updated_at: 'timestamptz',
} as const satisfies Record<keyof DeliveryRow, string>;
const columns = Object.keys(columnTypes) as (keyof DeliveryRow)[];

/** Inserts deliveries for customers that have none. Returns the inserted ids. */
export async function insertDeliveries(trx: Transaction<LedgerDatabase>, rows: DeliveryRow[]): Promise<number[]> {
  const inserted = await trx
    .insertInto('deliveries')
    .columns(columns)
    .expression(
      (eb) =>
        eb
          .selectFrom(jsonTable(trx, rows, columnTypes).as('delivery'))
          .select(columns)
          .where('customer_id', 'is not', null), // or SQLite would parse the ON of ON CONFLICT as part of a join
    )
    .onConflict((conflict) => conflict.column('customer_id').doNothing())
    .returning('customer_id')
    .execute();
  return inserted.map((row) => row.customer_id);
}

type Change = Pick<DeliveryRow, 'customer_id'> & Partial<DeliveryRow>;

/** Each change must have the same columns as the first. */
export async function updateDeliveries(trx: Transaction<LedgerDatabase>, changes: Change[]): Promise<void> {
  const [first] = changes;
  if (!first) return;
  const changed = columns.filter((name) => name in first);
  const types = Object.fromEntries(changed.map((name) => [name, columnTypes[name]])) as unknown as typeof columnTypes;
  await trx
    .updateTable('deliveries')
    .from(jsonTable(trx, changes as DeliveryRow[], types).as('change'))
    .set((eb) => Object.fromEntries(changed.slice(1).map((name) => [name, eb.ref(`change.${name}`)])))
    .whereRef('deliveries.customer_id', '=', 'change.customer_id')
    .execute();
}

export async function findDelivery(db: Kysely<LedgerDatabase>, key: CustomerKey): Promise<DeliveryRow | undefined> {
  const customerId = await numberOf(db, key);
  if (customerId === undefined) return undefined;
  return db.selectFrom('deliveries').selectAll().where('customer_id', '=', customerId).executeTakeFirst();
}

/**
 * Deliveries that can be posted without asking the CRM first: nothing calls for a reading, and the customer was last read
 * between `since` and `until`.
 */
export function isKnown({ since, until }: Fresh) {
  return (eb: ExpressionBuilder<LedgerDatabase, 'deliveries'>) =>
    eb.and([eb('before_post', 'in', ['nothing', 'look']), eb('read_at', '>=', since), eb('read_at', '<=', until)]);
}

/** When a reading is new enough: the clock may have been set, so it may not be much later than now either. */
export type Fresh = { since: string; until: string };

/** When the next delivery is due, of those that need no reading if `fresh` is given; undefined if none waits. */
export async function nextDueAt(db: Kysely<LedgerDatabase>, fresh: Fresh | undefined): Promise<string | undefined> {
  let query = db
    .selectFrom('deliveries')
    .select('due_at')
    .where('due_at', 'is not', null)
    .where('claimed_at', 'is', null);
  if (fresh) query = query.where(isKnown(fresh));
  const row = await query.orderBy('due_at').limit(1).executeTakeFirst();
  return row?.due_at ?? undefined;
}

export async function isAnybodyWaiting(db: Kysely<LedgerDatabase>): Promise<boolean> {
  const row = await db
    .selectFrom('deliveries')
    .select('customer_id')
    .where('waiting_since', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function countWaiting(db: Kysely<LedgerDatabase>): Promise<number> {
  const row = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('waiting_since', 'is not', null) // served by a partial index
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function countDeliveries(db: Kysely<LedgerDatabase>): Promise<{ all: number; skipped: number }> {
  return db
    .selectFrom('deliveries')
    .select((eb) => [
      eb.fn.countAll<number>().as('all'),
      eb.fn.countAll<number>().filterWhere('state', '=', 'skipped').as('skipped'),
    ])
    .executeTakeFirstOrThrow();
}

/** Who these customers were when they were recorded or read last; those without a delivery are left out. */
export async function listPeople(
  db: Kysely<LedgerDatabase>,
  customerIds: CustomerKey[],
): Promise<Map<CustomerKey, Person>> {
  if (customerIds.length === 0) return new Map();
  const named = await numbersOf(db, customerIds.filter(isText));
  const rows = [...customerIds.filter(isNumber), ...named.values()].map((id) => ({ id }));
  const found = await db
    .selectFrom('deliveries')
    .select(['customer_id', 'customer_key', 'customer_name', 'customer_created_at'])
    .where('customer_id', 'in', (eb) => eb.selectFrom(jsonTable(db, rows, { id: 'bigint' }).as('asked')).select('id'))
    .execute();
  return new Map(
    found.map((row) => [keyOf(row), { name: row.customer_name, createdAt: row.customer_created_at ?? undefined }]),
  );
}

/** Ids of customers with a delivery, above `after`, in order. */
export async function listRecordedIds(
  db: Kysely<LedgerDatabase>,
  { after, limit }: { after: number; limit: number },
): Promise<number[]> {
  const rows = await db
    .selectFrom('deliveries')
    .select('customer_id')
    .where('customer_id', '>', after)
    .orderBy('customer_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.customer_id);
}

/** Whether a package has ever been delivered, as far as the ledger knows. */
export async function hasEverDelivered(db: Kysely<LedgerDatabase>): Promise<boolean> {
  const one = db.selectFrom('deliveries').select('customer_id').limit(1);
  const rows = await Promise.all([
    one.where('state', '=', 'delivered').execute(),
    one.where('package_id', 'is not', null).where('state', '!=', sql.lit('delivered')).execute(),
  ]);
  return rows.flat().length > 0;
}

/**
 * The first and the last customer with a known package; none before there are two. Replayed deliveries count, although
 * their packages are in question: a list that shows only the others may be incomplete.
 */
export async function findWitnesses(db: Kysely<LedgerDatabase>): Promise<[CustomerKey, CustomerKey] | []> {
  const named = ['customer_id', 'customer_key'] as const;
  const delivered = db.selectFrom('deliveries').select(named).where('state', '=', 'delivered').limit(1);
  const replayed = db
    .selectFrom('deliveries')
    .select(named)
    .where('package_id', 'is not', null)
    .where('state', '!=', sql.lit('delivered'))
    .limit(1);
  const ends = await Promise.all([
    delivered.orderBy('customer_id').execute(),
    delivered.orderBy('customer_id', 'desc').execute(),
    replayed.orderBy('customer_id').execute(),
    replayed.orderBy('customer_id', 'desc').execute(),
  ]);
  const ordered = ends.flat().sort((a, b) => a.customer_id - b.customer_id);
  const [first, last] = [ordered[0], ordered.at(-1)];
  return first && last && first.customer_id < last.customer_id ? [keyOf(first), keyOf(last)] : [];
}

const knownColumns = [
  'customer_id',
  'customer_key',
  'customer_name',
  'customer_created_at',
  'state',
  'error',
  'package_id',
  'settled_at',
  'updated_at',
] as const satisfies (keyof DeliveryRow)[];

export type KnownDelivery = Pick<DeliveryRow, (typeof knownColumns)[number]>;

/** The deliveries of these customers; those without a delivery are left out. */
export async function listKnown(
  db: Kysely<LedgerDatabase>,
  keys: CustomerKey[],
): Promise<Map<CustomerKey, KnownDelivery>> {
  const numbers = [...keys.filter(isNumber), ...(await numbersOf(db, keys.filter(isText))).values()];
  if (numbers.length === 0) return new Map();
  const rows = numbers.map((id) => ({ id }));
  const found = await db
    .selectFrom('deliveries')
    .select(knownColumns)
    .where('customer_id', 'in', (eb) => eb.selectFrom(jsonTable(db, rows, { id: 'bigint' }).as('asked')).select('id'))
    .execute();
  return new Map(found.map((row) => [keyOf(row), row]));
}
