import { AppError } from '@doorstep/kit/errors.ts';
import type { Selectable } from 'kysely';
import type { MiddlewareContext } from '../context.ts';
import { keyOf, numberOf } from '../db/keys.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import { fromStored } from '../db/stored-calls.ts';
import type { CustomerKey, DeliveryState } from '../delivery.ts';

type Reader = Pick<MiddlewareContext, 'db'>;
type DeliveryQuery = { after: CustomerKey; limit: number; state?: DeliveryState | undefined };

/** Enough for every wait of any schedule and for many crashes. */
const attemptsMax = 1000;

/**
 * From above `after`, in id order; text ids come last, in the order first seen. One more than `limit` shows the caller that
 * there are more.
 * @throws AppError `not_found` if `after` is a text that no poll has seen.
 */
export async function listDeliveries({ db }: Reader, { after: key, limit, state }: DeliveryQuery) {
  const after = await numberOf(db, key);
  if (after === undefined) throw new AppError('not_found', unseen(key));
  let query = db.selectFrom('deliveries').selectAll().where('customer_id', '>', after);
  if (state !== undefined) query = query.where('state', '=', state);
  const rows = await query
    .orderBy('customer_id')
    .limit(limit + 1)
    .execute();
  return rows.map(toDelivery);
}

/**
 * A delivery with its newest 1000 attempts, oldest first.
 * @throws AppError `not_found` for a customer that no poll has seen.
 */
export async function getDelivery({ db }: Reader, key: CustomerKey) {
  const number = await numberOf(db, key);
  const row = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('customer_id', '=', number ?? 0)
    .executeTakeFirst();
  if (!row) throw new AppError('not_found', unseen(key));
  const history = await db
    .selectFrom('attempts')
    .select(['started_at', 'duration_ms', 'status', 'error', 'next_attempt_at', 'calls'])
    .where('customer_id', '=', row.customer_id)
    .orderBy('id', 'desc')
    .limit(attemptsMax)
    .execute();
  return {
    ...toDelivery(row),
    attempts_removed_until: row.attempts_removed_until,
    history: history.reverse().map((attempt) => ({ ...attempt, calls: fromStored(attempt) })),
  };
}

function unseen(key: CustomerKey): string {
  return `Customer ${key} has not been seen in the CRM`;
}

function toDelivery(row: Selectable<LedgerDatabase['deliveries']>) {
  return {
    customer_id: keyOf(row),
    customer_name: row.customer_name,
    state: row.state,
    attempts: row.posts,
    package_id: row.package_id === null ? null : JSON.parse(row.package_id),
    error: row.error,
    next_attempt_at: row.due_at,
    recorded_at: row.recorded_at,
    updated_at: row.updated_at,
  };
}
