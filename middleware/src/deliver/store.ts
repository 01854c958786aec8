import type { Finished } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import { insertAttempts } from '../db/attempts.ts';
import { updateDeliveries } from '../db/deliveries.ts';
import { delivered, died, retrying } from '../life-cycle.ts';

export type Store = (finished: Finished[]) => Promise<void>;

/** Stores ended attempts. Those that end while others are being stored go together in the next write. */
export function createStore({ write, clock }: Pick<MiddlewareContext, 'write' | 'clock'>): Store {
  let waiting: Finished[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function storeWaiting() {
    const finished = waiting;
    waiting = [];
    next = undefined;
    await write(async (trx) => {
      const now = clock.now().toISOString();
      await updateDeliveries(
        trx,
        finished.map((one) => afterAttempt(one, now)),
      );
      await insertAttempts(trx, finished.map(toAttempt));
    });
  }

  return (finished) => {
    waiting.push(...finished);
    if (!next) {
      next = last.then(storeWaiting);
      last = next.catch(() => undefined);
    }
    return next;
  };
}

function afterAttempt({ delivery, decision }: Finished, now: string) {
  if (decision.state === 'delivered') return delivered(delivery, decision.packageId, now);
  if (decision.state === 'dead') return died(delivery, decision.reason, now);
  return retrying(delivery, decision, now);
}

function toAttempt({ delivery, outcome, decision, startedAt, durationMs }: Finished) {
  return {
    customer_id: delivery.customerId,
    started_at: startedAt,
    duration_ms: durationMs,
    status: outcome.status ?? null,
    error: outcome.kind === 'delivered' ? null : outcome.reason,
    next_attempt_at: decision.state === 'retrying' ? decision.dueAt : null,
  };
}
