import type { Transaction } from 'kysely';
import type { MiddlewareContext } from '../context.ts';
import { forgetFact, readPause, writeFact } from '../db/facts.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import type { Pause } from '../pause.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/** Stops claiming deliveries, across restarts too; polling and recording go on. Safe to repeat: the first pause counts. */
export function pause({ write, clock }: Writer, { reason }: { reason?: string | undefined } = {}): Promise<void> {
  const since = clock.now().toISOString();
  return write((trx) => setPause(trx, { since, by: 'operator', reason: reason ?? null }));
}

/** Safe to repeat. */
export function resume({ write }: Pick<MiddlewareContext, 'write'>): Promise<void> {
  return write((trx) => forgetFact(trx, 'paused'));
}

/** Within a transaction, for a pause that comes with other writes. */
export async function setPause(trx: Transaction<LedgerDatabase>, fact: Pause): Promise<void> {
  if (!(await readPause(trx))) await writeFact(trx, 'paused', fact);
}
