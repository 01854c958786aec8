import type { MiddlewareContext } from '../context.ts';
import { readCursor } from '../db/cursor.ts';
import { readFact, readPause } from '../db/facts.ts';
import { countQuarantined } from '../db/quarantine.ts';
import type { LedgerSummary } from '../metrics.ts';

export async function ledgerSummary({ db, clock }: Pick<MiddlewareContext, 'db' | 'clock'>): Promise<LedgerSummary> {
  const counts = await db
    .selectFrom('deliveries')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const oldest = await db
    .selectFrom('deliveries')
    .select('waiting_since')
    .where('waiting_since', 'is not', null)
    .orderBy('waiting_since')
    .limit(1)
    .executeTakeFirst();
  const deliveries = { pending: 0, retrying: 0, delivered: 0, dead: 0, held: 0, skipped: 0 };
  for (const { state, count } of counts) deliveries[state] = count;
  const since = oldest?.waiting_since;
  const waitedMs = since ? clock.now().getTime() - Date.parse(since) : undefined;
  return {
    cursor: (await readFact(db, 'lastListed')) ?? (await readCursor(db)),
    deliveries,
    quarantined: await countQuarantined(db),
    pause: (await readPause(db)) ?? null,
    reconciliation: (await readFact(db, 'reconciliation')) ?? null,
    oldestPendingSeconds: waitedMs === undefined ? null : Math.max(0, Math.round(waitedMs / 1000)),
  };
}
