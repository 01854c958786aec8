import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Decision, PackageId, SeenCustomer } from '../delivery.ts';
import type { LedgerDatabase } from './schema.ts';

const customerColumns = {
  id: 'bigint',
  name: 'text',
  created_at: 'timestamptz',
  fault: 'text',
  at: 'timestamptz',
} as const;

/**
 * Adds a delivery for each customer that has none: due at once, or dead where no package can be requested. Gives the
 * ids of those that were added.
 */
export async function insertDeliveries(
  trx: Transaction<LedgerDatabase>,
  customers: SeenCustomer[],
  now: string,
): Promise<number[]> {
  const rows = customers.map(({ id, name, createdAt = null, fault = null }) => {
    return { id, name, created_at: createdAt, fault, at: now };
  });
  const inserted = await trx
    .insertInto('deliveries')
    .columns([
      'customer_id',
      'customer_name',
      'customer_created_at',
      'state',
      'attempts',
      'due_at',
      'in_doubt',
      'error',
      'report_pending',
      'recorded_at',
      'waiting_since',
      'updated_at',
    ])
    .expression(
      (eb) =>
        eb
          .selectFrom(jsonTable<CustomerRow>(trx, rows, customerColumns).as('customer'))
          .select([
            'id',
            'name',
            'created_at',
            sql<'pending' | 'dead'>`case when fault is null then 'pending' else 'dead' end`.as('state'),
            sql<number>`0`.as('attempts'),
            sql<string | null>`case when fault is null then at end`.as('due_at'),
            sql<0>`0`.as('in_doubt'),
            'fault',
            sql<0 | 1>`case when fault is null then 0 else 1 end`.as('report_pending'),
            'at as recorded_at',
            sql<string | null>`case when fault is null then at end`.as('waiting_since'),
            'at as updated_at',
          ])
          .where('id', 'is not', null), // or SQLite would take the ON of ON CONFLICT for one of a join
    )
    .onConflict((conflict) => conflict.column('customer_id').doNothing())
    .returning('customer_id')
    .execute();
  return inserted.map((row) => row.customer_id);
}

type CustomerRow = { id: number; name: string; created_at: string | null; fault: string | null; at: string };

export type Mark = {
  customerId: number;
  customerName: string;
  attempts: number;
  waitsUsed: number;
  /** A package may have been made before this attempt. */
  inDoubt: boolean;
  /** It could not be read again. */
  stale: boolean;
  /** The package that stood once, where this is a replay. */
  packageId: PackageId | undefined;
  decision: Decision;
};

const markColumns = {
  customer_id: 'bigint',
  customer_name: 'text',
  state: 'text',
  attempts: 'integer',
  waits_used: 'integer',
  due_at: 'timestamptz',
  in_doubt: 'integer',
  stale: 'integer',
  package_id: 'text',
  error: 'text',
  report_pending: 'integer',
} as const;

/** Stores what was decided after attempts, and that the CRM is to be told where one was the last. */
export async function markDeliveries(trx: Transaction<LedgerDatabase>, marks: Mark[], now: string): Promise<void> {
  await trx
    .updateTable('deliveries')
    .from(jsonTable(trx, marks.map(toRow), markColumns).as('mark'))
    .set((eb) => ({
      customer_name: eb.ref('mark.customer_name'),
      state: eb.ref('mark.state'),
      attempts: eb.ref('mark.attempts'),
      waits_used: eb.ref('mark.waits_used'),
      due_at: eb.ref('mark.due_at'),
      in_doubt: eb.ref('mark.in_doubt'),
      package_id: eb.ref('mark.package_id'),
      error: eb.ref('mark.error'),
      report_pending: eb.ref('mark.report_pending'),
      waiting_since: sql<string | null>`case when mark.due_at is not null then waiting_since end`,
      claimed_at: null,
      stale: eb.ref('mark.stale'),
      updated_at: now,
    }))
    .whereRef('deliveries.customer_id', '=', 'mark.customer_id')
    .execute();
}

function toRow({ customerId, customerName, attempts, waitsUsed, inDoubt, stale, packageId, decision }: Mark) {
  const { state } = decision;
  // what was posted once may take effect late: a refusal of the next post ends no doubt
  const isDoubtful = state === 'retrying' && (inDoubt || decision.inDoubt);
  const stands = state === 'delivered' ? decision.packageId : state === 'retrying' ? packageId : undefined;
  return {
    customer_id: customerId,
    customer_name: customerName,
    state,
    attempts,
    waits_used: state === 'retrying' ? decision.waitsUsed : waitsUsed,
    due_at: state === 'retrying' ? decision.dueAt : null,
    in_doubt: isDoubtful ? (1 as const) : (0 as const),
    stale: stale ? (1 as const) : (0 as const),
    package_id: stands === undefined ? null : JSON.stringify(stands),
    error: state === 'delivered' ? null : decision.reason,
    report_pending: state === 'retrying' ? (0 as const) : (1 as const),
  };
}

/** When the next delivery is due; undefined where none waits. */
export async function nextDueAt(db: Kysely<LedgerDatabase>): Promise<string | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select('due_at')
    .where('due_at', 'is not', null)
    .where('claimed_at', 'is', null)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? undefined;
}

/** Whether there are deliveries that are yet to come to an end. */
export async function isAnybodyWaiting(db: Kysely<LedgerDatabase>): Promise<boolean> {
  const row = await db
    .selectFrom('deliveries')
    .select('customer_id')
    .where('waiting_since', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** How many deliveries are yet to come to an end. */
export async function countWaiting(db: Kysely<LedgerDatabase>): Promise<number> {
  const row = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('waiting_since', 'is not', null) // an index of those alone
    .executeTakeFirstOrThrow();
  return row.count;
}

/** The ids of customers with a delivery, above `after`, in order. */
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

/**
 * The first and the last customer of whom a package is known; none before there are two. Replays count, though their
 * packages are in question: what shows only those that are in no question may be a part of the whole.
 */
export async function findWitnesses(db: Kysely<LedgerDatabase>): Promise<[number, number] | []> {
  const delivered = db.selectFrom('deliveries').select('customer_id').where('state', '=', 'delivered').limit(1);
  const replayed = db
    .selectFrom('deliveries')
    .select('customer_id')
    .where('package_id', 'is not', null)
    .where('state', '!=', sql.lit('delivered'))
    .limit(1);
  const ends = await Promise.all([
    delivered.orderBy('customer_id').execute(),
    delivered.orderBy('customer_id', 'desc').execute(),
    replayed.orderBy('customer_id').execute(),
    replayed.orderBy('customer_id', 'desc').execute(),
  ]);
  const ids = ends.flat().map((row) => row.customer_id);
  const [first, last] = [Math.min(...ids), Math.max(...ids)];
  return first < last ? [first, last] : [];
}

type DeliveryRow = Pick<LedgerDatabase['deliveries'], 'customer_id' | 'state' | 'error' | 'package_id' | 'updated_at'>;

/** The deliveries of these customers, of those who have one. */
export async function listStates(db: Kysely<LedgerDatabase>, customerIds: number[]): Promise<Map<number, DeliveryRow>> {
  if (customerIds.length === 0) return new Map();
  const rows = customerIds.map((id) => ({ id }));
  const found = await db
    .selectFrom('deliveries')
    .select(['customer_id', 'state', 'error', 'package_id', 'updated_at'])
    .where('customer_id', 'in', (eb) => eb.selectFrom(jsonTable(db, rows, { id: 'bigint' }).as('asked')).select('id'))
    .execute();
  return new Map(found.map((row) => [row.customer_id, row]));
}
