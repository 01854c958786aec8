import { AppError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from '../context.ts';
import { forgetFact, readFact, writeFact } from '../db/facts.ts';
import { acceptStrangers } from '../db/strangers.ts';
import { describeStrangers } from '../strangers.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/** Stops claiming deliveries, across restarts too; polling and recording go on. Safe to repeat. */
export function pause({ write, clock }: Writer): Promise<void> {
  return write(async (trx) => {
    if (!(await readFact(trx, 'paused'))) await writeFact(trx, 'paused', clock.now().toISOString());
  });
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
