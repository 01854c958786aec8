import type { MiddlewareContext } from '../context.ts';
import { returnClaims } from '../db/claims.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Gate } from '../pace/gate.ts';
import type { Groups } from '../pace/groups.ts';
import { deliverGroup, deliverOne } from './deliver.ts';
import { createStore } from './store.ts';

/** The calls that are under way, and what is yet to be stored of those that have been answered. */
export type Calls = {
  /** How many the target has yet to answer. */
  count(): number;
  /** Whether each was answered, and everything is stored. */
  areOver(): boolean;
  startOne(delivery: ClaimedDelivery): void;
  startGroup(deliveries: ClaimedDelivery[]): void;
  /** Resolves when one of them is answered or stored, or `otherwise` does. */
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
  const unanswered = new Set<Promise<void>>();
  const unended = new Set<Promise<void>>();

  /**
   * `call` gives how many attempts it has made. Its place is free for another once it is answered: the target need not
   * wait for the ledger.
   */
  function start(call: (onAnswered: () => void) => Promise<number>) {
    gate.begun();
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const onAnswered = () => {
      unanswered.delete(answered);
      resolve();
    };
    const ended = call(onAnswered)
      .then((attempts) => {
        groups.ended(attempts);
        onEnded(attempts);
      })
      .catch(onFailed)
      .finally(() => {
        onAnswered();
        unended.delete(ended);
      });
    unanswered.add(answered);
    unended.add(ended);
  }

  return {
    count: () => unanswered.size,
    areOver: () => unended.size === 0,
    startOne(delivery) {
      start(async (onAnswered) => {
        await deliverOne(means, delivery, onAnswered);
        return 1;
      });
    },
    startGroup(deliveries) {
      start(async (onAnswered) => {
        const verdict = await groups.send(deliveries.length, () => deliverGroup(means, deliveries, onAnswered));
        if (verdict.kind !== 'not-taken') return deliveries.length;
        await context.write((trx) => returnClaims(trx, verdict.deliveries, verdict.inDoubt));
        return deliveries.length - verdict.deliveries.length;
      });
    },
    anyEnded: (otherwise) => Promise.race([...unanswered, ...unended, otherwise]),
  };
}
