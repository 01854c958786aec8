import type { MiddlewareContext } from '../context.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { restartDeliveries } from '../db/replays.ts';
import { recorded } from '../life-cycle.ts';

const sliceMax = 500;

/**
 * Makes a new or a restarted delivery due for each customer. Safe to repeat: each looks up the package before it posts.
 */
export async function repair(
  { write, clock }: Pick<MiddlewareContext, 'write' | 'clock'>,
  customerIds: number[],
): Promise<void> {
  for (let start = 0; start < customerIds.length; start += sliceMax) {
    const slice = customerIds.slice(start, start + sliceMax);
    await write(async (trx) => {
      const now = clock.now().toISOString();
      await insertDeliveries(
        trx,
        slice.map((id) => recorded({ id, name: '', createdAt: undefined }, now)),
      );
      await restartDeliveries(trx, slice, now);
    });
  }
}
