import { AppError } from '@doorstep/kit/errors.ts';
import type { Transaction } from 'kysely';
import type { MiddlewareContext } from '../context.ts';
import { forgetFact, readFact, writeFact } from '../db/facts.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import { acceptStrangers } from '../db/strangers.ts';
import type { Pause } from '../pause.ts';
import { describeStrangers } from '../strangers.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/** Stops claiming deliveries, across restarts too; polling and recording go on. Safe to repeat: the first pause counts. */
export function pause({ write, clock }: Writer, { reason }: { reason?: string | undefined } = {}): Promise<void> {
  const since = clock.now().toISOString();
  return write((trx) => setPause(trx, { since, by: 'operator', reason: reason ?? null }));
}

/**
 * Safe to repeat. `accept`: the people that ids belong to now are taken for those of the ledger.
 * @throws AppError `conflict` if ids belong to other people and are not accepted.
 */
export function resume(
  { write }: Pick<MiddlewareContext, 'write'>,
  { accept }: { accept: boolean } = { accept: false },
): Promise<void> {
  return write(async (trx) => {
    const strangers = await readFact(trx, 'strangers');
    if (strangers && !accept)
      throw new AppError('conflict', `Deliveries stay stopped: ${describeStrangers(strangers)}.`);
    await acceptStrangers(trx);
    await forgetFact(trx, 'paused');
  });
}

/** Within a transaction, for a pause that comes with other writes. */
export async function setPause(trx: Transaction<LedgerDatabase>, fact: Pause): Promise<void> {
  if (!(await readFact(trx, 'paused'))) await writeFact(trx, 'paused', fact);
}
