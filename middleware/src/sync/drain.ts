import type { MiddlewareContext } from '../context.ts';
import { claimDue } from '../db/deliveries.ts';
import { deliver } from './deliver.ts';

export type Drain = {
  /** Delivers until nothing is due and nothing under way. To be called again only after it has ended. */
  run(): Promise<void>;
  /** Makes a run that waits for slow deliveries look for new ones. */
  lookAgain(): void;
  /** Claims nothing more; what is under way goes on. */
  stop(): void;
};

/** Claims what is due and delivers it, at most `concurrency` at once, `onDelivered` after each. */
export function createDrain(context: MiddlewareContext, onDelivered: () => void): Drain {
  const underWay = new Map<number, Promise<void>>();
  let stopped = false;
  let look = () => {};

  async function run(): Promise<void> {
    let failure: unknown;
    /** The ledger could not be written: nothing more is claimed, and what is under way is waited for. */
    const failed = (error: unknown) => {
      failure ??= error;
      return [];
    };
    for (;;) {
      const looked = new Promise<void>((resolve) => {
        look = resolve;
      });
      const free = context.concurrency - underWay.size;
      const claimed = free > 0 && !stopped && !failure ? await claim(free).catch(failed) : [];
      for (const delivery of claimed) {
        const attempt = deliver(context, delivery)
          // where this fails the claim stands, and the delivery is in doubt when it comes up again
          .then(onDelivered, (error) => void failed(error))
          .finally(() => underWay.delete(delivery.customerId));
        underWay.set(delivery.customerId, attempt);
      }
      if (underWay.size === 0) break;
      await Promise.race([...underWay.values(), looked]);
    }
    if (failure) throw failure;
  }

  function claim(limit: number) {
    const now = context.clock.now().toISOString();
    const customers = [...underWay.keys()];
    return context.write((trx) => claimDue(trx, { limit, now, underWay: customers }));
  }

  return {
    run,
    lookAgain: () => look(),
    stop() {
      stopped = true;
    },
  };
}
