import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { sql, type Transaction } from 'kysely';
import type { LedgerDatabase } from './schema.ts';

const stepMax = 500;

/**
 * Looks at 500 attempts with an id above `after`, oldest first, and deletes those that began before this time, of
 * deliveries that were delivered or died before it. Each delivery keeps until when its attempts were removed. Returns
 * where the next step begins; undefined if only younger attempts follow.
 */
export async function deleteOldAttempts(
  trx: Transaction<LedgerDatabase>,
  { before, after }: { before: string; after: number },
): Promise<number | undefined> {
  const attempts = await trx
    .selectFrom('attempts')
    .innerJoin('deliveries', 'deliveries.customer_id', 'attempts.customer_id')
    .select(['attempts.id', 'attempts.customer_id', 'started_at', 'state', 'deliveries.updated_at'])
    .where('attempts.id', '>', after)
    .orderBy('attempts.id')
    .limit(stepMax)
    .execute();
  const old = attempts.filter(({ started_at }) => started_at < before);
  const ended = old.filter(
    ({ state, updated_at }) => (state === 'delivered' || state === 'dead') && updated_at < before,
  );
  if (ended.length > 0) await removeAttempts(trx, ended);
  return old.length > 0 && attempts.length === stepMax ? attempts.at(-1)?.id : undefined;
}

type OldAttempt = { id: number; customer_id: number; started_at: string };

async function removeAttempts(trx: Transaction<LedgerDatabase>, attempts: OldAttempt[]): Promise<void> {
  const ids = attempts.map(({ id }) => id);
  await trx.deleteFrom('attempts').where('id', 'in', ids).execute();
  // in the order of their ids, so the last one of each delivery counts
  const until = new Map(attempts.map(({ customer_id, started_at }) => [customer_id, started_at]));
  const rows = [...until].map(([id, at]) => ({ id, at }));
  const removed = jsonTable(trx, rows, { id: 'bigint', at: 'timestamptz' });
  await sql`update deliveries set attempts_removed_until = removed.at
    from ${removed} as removed where removed.id = deliveries.customer_id`.execute(trx);
}
