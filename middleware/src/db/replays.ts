import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Transaction } from 'kysely';
import { replays } from '../life-cycle.ts';
import type { LedgerDatabase } from './schema.ts';

type EndedQuery = {
  state: 'dead' | 'held';
  since?: string | undefined;
  until?: string | undefined;
  after: number;
  limit: number;
};

/** Customers whose delivery died, or was held, at `since` or later and before `until`, in id order. */
export async function findEnded(
  db: Kysely<LedgerDatabase>,
  { state, since, until, after, limit }: EndedQuery,
): Promise<number[]> {
  let query = db.selectFrom('deliveries').select('customer_id').where('state', '=', state);
  if (since !== undefined) query = query.where('updated_at', '>=', since);
  if (until !== undefined) query = query.where('updated_at', '<', until);
  const rows = await query.where('customer_id', '>', after).orderBy('customer_id').limit(limit).execute();
  return rows.map((row) => row.customer_id);
}

/** Restarts deliveries, except claimed ones. Returns how many of the customers have a delivery. */
export async function restartDeliveries(
  trx: Transaction<LedgerDatabase>,
  customerIds: number[],
  now: string,
): Promise<number> {
  const rows = customerIds.map((id) => ({ id }));
  const chosen = jsonTable(trx, rows, { id: 'bigint' }).as('chosen');
  for (const { states, change } of replays(now)) {
    await trx
      .updateTable('deliveries')
      .set(change)
      .where('customer_id', 'in', (eb) => eb.selectFrom(chosen).select('id'))
      .where('state', 'in', states)
      .where('claimed_at', 'is', null)
      .execute();
  }
  const { count } = await trx
    .selectFrom('deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('customer_id', 'in', (eb) => eb.selectFrom(chosen).select('id'))
    .executeTakeFirstOrThrow();
  return count;
}
