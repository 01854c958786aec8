import type { MiddlewareContext } from '../context.ts';
import { readCursor } from '../db/cursor.ts';
import type { LedgerSummary } from '../metrics.ts';

/** How far the CRM was read, how many deliveries are in each state, and how long the oldest of those that wait has waited. */
export async function ledgerSummary({ db, clock }: Pick<MiddlewareContext, 'db' | 'clock'>): Promise<LedgerSummary> {
  const counts = await db
    .selectFrom('deliveries')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const oldest = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.min('recorded_at').as('recorded_at'))
    .where('due_at', 'is not', null)
    .executeTakeFirst();
  const deliveries = { pending: 0, retrying: 0, delivered: 0, dead: 0 };
  for (const { state, count } of counts) deliveries[state] = count;
  const recordedAt = oldest?.recorded_at;
  const waitedMs = recordedAt ? clock.now().getTime() - Date.parse(recordedAt) : undefined;
  const cursor = await readCursor(db);
  return {
    cursor,
    deliveries,
    oldestPendingSeconds: waitedMs === undefined ? null : Math.max(0, Math.round(waitedMs / 1000)),
  };
}
