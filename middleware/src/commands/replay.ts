import { AppError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from '../context.ts';
import { findDead, restartDeliveries } from '../db/replays.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/**
 * Makes a delivery due at once, whatever its state, with the whole retry schedule before it. The customer is read again
 * from the CRM and a package that is there already is found, so a replay never makes a second one and is safe to repeat.
 * What is under way just now goes on instead.
 * @throws AppError `not_found` for a customer that was never seen.
 */
export function replay({ write, clock }: Writer, customerId: number): Promise<void> {
  return write(async (trx) => {
    const known = await restartDeliveries(trx, [customerId], clock.now().toISOString());
    if (known === 0) throw new AppError('not_found', `Customer ${customerId} has not been seen in the CRM`);
  });
}

type Range = { since?: string | undefined; until?: string | undefined };

/** As one transaction that does not hold up everybody else's for long. */
const sliceMax = 1000;

/** Replays every dead delivery that died at `since` or later and before `until`. Gives how many those were. */
export async function replayDead({ write, clock }: Writer, range: Range): Promise<number> {
  let replayed = 0;
  for (let after = 0; ; ) {
    const ids = await write(async (trx) => {
      const dead = await findDead(trx, { ...range, after, limit: sliceMax });
      await restartDeliveries(trx, dead, clock.now().toISOString());
      return dead;
    });
    replayed += ids.length;
    after = ids.at(-1) ?? 0;
    if (ids.length < sliceMax) return replayed;
  }
}
