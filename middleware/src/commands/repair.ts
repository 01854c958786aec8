import type { MiddlewareContext } from '../context.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { restartDeliveries } from '../db/replays.ts';

const sliceMax = 500;

/**
 * Makes deliveries due for customers without a package: a new one, stale, so that the CRM is asked for the name, or the
 * one that there is. Whoever has a package all the same keeps it. Safe to repeat.
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
        slice.map((id) => ({ id, name: '', createdAt: undefined })),
        now,
      );
      await restartDeliveries(trx, slice, now);
    });
  }
}
