import { AppError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from '../context.ts';
import { numberOf } from '../db/keys.ts';
import { findEnded, restartDeliveries } from '../db/replays.ts';
import type { CustomerKey } from '../delivery.ts';

type Writer = Pick<MiddlewareContext, 'write' | 'clock'>;

/**
 * Makes a delivery due at once, with its whole retry schedule, unless it is claimed. The customer is read again and an
 * existing package is looked up before the post, so a replay never creates a second package and is safe to repeat. A
 * replay of a held delivery says that the Inventory has no package.
 * @throws AppError `not_found` for a customer that no poll has seen.
 */
export function replay({ write, clock }: Writer, customerId: CustomerKey): Promise<void> {
  return write(async (trx) => {
    const number = await numberOf(trx, customerId);
    const known = number === undefined ? 0 : await restartDeliveries(trx, [number], clock.now().toISOString());
    if (known === 0) throw new AppError('not_found', `Customer ${customerId} has not been seen in the CRM`);
  });
}

type Range = { state: 'dead' | 'held'; since?: string | undefined; until?: string | undefined };

/** Keeps each transaction short, because it blocks all other writes. */
const sliceMax = 1000;

/** Replays every delivery that died, or was held, at `since` or later and before `until`. Returns their number. */
export async function replayEnded({ write, clock }: Writer, range: Range): Promise<number> {
  let replayed = 0;
  for (let after = 0; ; ) {
    const ids = await write(async (trx) => {
      const ended = await findEnded(trx, { ...range, after, limit: sliceMax });
      await restartDeliveries(trx, ended, clock.now().toISOString());
      return ended;
    });
    replayed += ids.length;
    after = ids.at(-1) ?? 0;
    if (ids.length < sliceMax) return replayed;
  }
}
