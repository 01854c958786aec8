import type { MiddlewareContext } from '../context.ts';
import { isText } from '../customer-key.ts';
import { insertDeliveries } from '../db/deliveries.ts';
import { numberNew, numbersOf } from '../db/keys.ts';
import { restartDeliveries } from '../db/replays.ts';
import type { CustomerKey } from '../delivery.ts';
import { recorded } from '../life-cycle.ts';

const sliceMax = 500;

/**
 * Makes a new or a restarted delivery due for each customer. Safe to repeat: each looks up the package before it posts.
 */
export async function repair(
  { write, clock }: Pick<MiddlewareContext, 'write' | 'clock'>,
  customerIds: CustomerKey[],
): Promise<void> {
  for (let start = 0; start < customerIds.length; start += sliceMax) {
    const slice = customerIds.slice(start, start + sliceMax);
    await write(async (trx) => {
      const now = clock.now().toISOString();
      const texts = slice.filter(isText);
      const numbers = new Map([...(await numbersOf(trx, texts)), ...(await numberNew(trx, texts))]);
      const rows = slice.map((id) => ({
        ...recorded({ id, name: '', createdAt: undefined }, now),
        customer_id: isText(id) ? (numbers.get(id) as number) : id,
      }));
      await insertDeliveries(trx, rows);
      await restartDeliveries(
        trx,
        rows.map(({ customer_id }) => customer_id),
        now,
      );
    });
  }
}
