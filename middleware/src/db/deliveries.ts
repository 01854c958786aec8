import type { Kysely, Transaction } from 'kysely';
import type { ClaimedDelivery, Decision, SeenCustomer } from '../delivery.ts';
import { insertAttempts } from './attempts.ts';
import type { LedgerDatabase } from './schema.ts';

/** Adds a delivery, due at once, for each customer that has none. Gives how many were added. */
export async function insertDeliveries(
  trx: Transaction<LedgerDatabase>,
  customers: SeenCustomer[],
  now: string,
): Promise<number> {
  const row = ({ id, name, createdAt }: SeenCustomer) => ({
    customer_id: id,
    customer_name: name,
    customer_created_at: createdAt ?? null,
    state: 'pending' as const,
    attempts: 0,
    due_at: now,
    in_doubt: 0 as const,
    report_pending: 0 as const,
    recorded_at: now,
    updated_at: now,
  });
  const inserted = await trx
    .insertInto('deliveries')
    .values(customers.map(row))
    .onConflict((conflict) => conflict.column('customer_id').doNothing())
    .returning('customer_id')
    .execute();
  return inserted.length;
}

/**
 * Makes due what a clock that was set back has left in the future: what waits for its first attempt, and what is due
 * later than any wait could make it.
 */
export async function freeStranded(
  trx: Transaction<LedgerDatabase>,
  { now, latestDueAt }: { now: string; latestDueAt: string },
): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set({ due_at: now })
    .where('due_at', '>', now)
    .where((eb) => eb.or([eb('state', '=', 'pending'), eb('due_at', '>', latestDueAt)]))
    .execute();
}

type ClaimOptions = {
  limit: number;
  now: string;
  /** Customers whose delivery is under way in this process. */
  underWay: number[];
};

/**
 * Takes up deliveries that are due, the longest waiting first. The claim is stored before anything is posted: a row
 * that is found claimed though it is not under way was interrupted (kill -9, a ledger that could not be written),
 * nobody knows how far it came, and it is in doubt.
 */
export async function claimDue(
  trx: Transaction<LedgerDatabase>,
  { limit, now, underWay }: ClaimOptions,
): Promise<ClaimedDelivery[]> {
  let due = trx.selectFrom('deliveries').selectAll().where('due_at', '<=', now);
  if (underWay.length > 0) due = due.where('customer_id', 'not in', underWay);
  const rows = await due.orderBy('due_at').orderBy('customer_id').limit(limit).execute();
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.customer_id);
  await trx.updateTable('deliveries').set({ claimed_at: now }).where('customer_id', 'in', ids).execute();
  const interrupted = rows.flatMap(({ customer_id, claimed_at }) =>
    claimed_at ? { customer_id, started_at: claimed_at, error: 'interrupted before an answer was recorded' } : [],
  );
  await insertAttempts(trx, interrupted);
  return rows.map((row) => ({
    customerId: row.customer_id,
    customerName: row.customer_name,
    customerCreatedAt: row.customer_created_at ?? undefined,
    attempts: row.attempts,
    inDoubt: row.in_doubt === 1 || row.claimed_at !== null,
  }));
}

type Mark = {
  customerId: number;
  attempts: number;
  decision: Decision;
  now: string;
};

/** Stores what was decided after an attempt, and that the CRM is to be told where it was the last. */
export async function markDelivery(
  trx: Transaction<LedgerDatabase>,
  { customerId, attempts, decision, now }: Mark,
): Promise<void> {
  const { state } = decision;
  await trx
    .updateTable('deliveries')
    .set({
      state,
      attempts,
      due_at: state === 'retrying' ? decision.dueAt : null,
      claimed_at: null,
      in_doubt: state === 'retrying' && decision.inDoubt ? 1 : 0,
      package_id: state === 'delivered' ? JSON.stringify(decision.packageId) : null,
      error: state === 'delivered' ? null : decision.reason,
      report_pending: state === 'retrying' ? 0 : 1,
      updated_at: now,
    })
    .where('customer_id', '=', customerId)
    .execute();
}

/** Deliveries that came to an end of which the CRM does not know yet. */
export function findUnreported(db: Kysely<LedgerDatabase>, limit: number) {
  return db
    .selectFrom('deliveries')
    .select(['customer_id', 'state', 'package_id', 'attempts', 'error'])
    .where('report_pending', '=', 1)
    .orderBy('customer_id')
    .limit(limit)
    .execute();
}

/** A delivery whose state has changed since it was read stays to be reported. */
export async function markReported(
  trx: Transaction<LedgerDatabase>,
  rows: Pick<LedgerDatabase['deliveries'], 'customer_id' | 'state'>[],
): Promise<void> {
  for (const [state, same] of Map.groupBy(rows, (row) => row.state)) {
    const ids = same.map((row) => row.customer_id);
    await trx
      .updateTable('deliveries')
      .set({ report_pending: 0 })
      .where('customer_id', 'in', ids)
      .where('state', '=', state)
      .execute();
  }
}

/** When the next delivery is due; undefined where none waits. */
export async function nextDueAt(db: Kysely<LedgerDatabase>): Promise<string | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select('due_at')
    .where('due_at', 'is not', null)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? undefined;
}

/** How many deliveries are yet to come to an end. */
export async function countWaiting(db: Kysely<LedgerDatabase>): Promise<number> {
  const row = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('due_at', 'is not', null)
    .executeTakeFirstOrThrow();
  return row.count;
}
