import type { MiddlewareContext } from '../context.ts';
import { forgetFact, readFact, writeFact } from '../db/facts.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/** Stops claiming deliveries, across restarts too; polling and recording go on. Safe to repeat. */
export function pause({ write, clock }: Writer): Promise<void> {
  return write(async (trx) => {
    if (!(await readFact(trx, 'paused'))) await writeFact(trx, 'paused', clock.now().toISOString());
  });
}

/** Safe to repeat. */
export function resume({ write }: Pick<MiddlewareContext, 'write'>): Promise<void> {
  return write((trx) => forgetFact(trx, 'paused'));
}
