import type { MiddlewareContext } from '../context.ts';
import { returnClaims } from '../db/claims.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import { deliverGroup, deliverOne } from './deliver.ts';
import type { Gate } from './gate.ts';
import type { Groups } from './groups.ts';
import { createStore } from './store.ts';

/** The calls that are under way. */
export type Calls = {
  count(): number;
  startOne(delivery: ClaimedDelivery): void;
  startGroup(deliveries: ClaimedDelivery[]): void;
  /** Resolves when one of them has ended, or `otherwise` has. */
  anyEnded(otherwise: Promise<void>): Promise<void>;
};

type Ends = {
  /** So many attempts were made. */
  onEnded: (attempts: number) => void;
  /** The ledger could not be written. */
  onFailed: (error: unknown) => void;
};

export function createCalls(
  context: MiddlewareContext,
  gate: Gate,
  groups: Groups,
  { onEnded, onFailed }: Ends,
): Calls {
  const means = { context, gate, store: createStore(context) };
  const underWay = new Set<Promise<void>>();

  /** `call` gives how many attempts it has made. */
  function start(call: () => Promise<number>) {
    gate.begun();
    const promise = call()
      .then((attempts) => {
        groups.ended(attempts);
        onEnded(attempts);
      })
      .catch(onFailed)
      .finally(() => underWay.delete(promise));
    underWay.add(promise);
  }

  return {
    count: () => underWay.size,
    startOne(delivery) {
      start(async () => {
        await deliverOne(means, delivery);
        return 1;
      });
    },
    startGroup(deliveries) {
      start(async () => {
        const verdict = await groups.send(deliveries.length, () => deliverGroup(means, deliveries));
        if (verdict.kind !== 'not-taken') return deliveries.length;
        await context.write((trx) => returnClaims(trx, verdict.deliveries, verdict.inDoubt));
        return deliveries.length - verdict.deliveries.length;
      });
    },
    anyEnded: (otherwise) => Promise.race([...underWay, otherwise]),
  };
}
