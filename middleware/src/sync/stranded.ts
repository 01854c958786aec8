import type { Transaction } from 'kysely';
import type { MiddlewareContext } from '../context.ts';
import { freeStranded } from '../db/claims.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import { longestWaitMs } from './retry-policy.ts';

/** A clock that is set back by less is only corrected, and nobody's wait is cut short for that. */
const correctionMaxMs = 60_000;

/** Makes due what a clock that was set back has left in the future. */
export async function makeStrandedDue(
  trx: Transaction<LedgerDatabase>,
  { clock, waitsMs }: Pick<MiddlewareContext, 'clock' | 'waitsMs'>,
): Promise<void> {
  const nowMs = clock.now().getTime();
  const now = new Date(nowMs).toISOString();
  const latestDueAt = new Date(nowMs + longestWaitMs(waitsMs)).toISOString();
  const latestUpdatedAt = new Date(nowMs + correctionMaxMs).toISOString();
  await freeStranded(trx, { now, latestDueAt, latestUpdatedAt });
}
