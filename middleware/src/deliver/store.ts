import type { MiddlewareContext } from '../context.ts';
import { insertAttempts } from '../db/attempts.ts';
import { markDeliveries } from '../db/deliveries.ts';
import type { Decision } from '../delivery.ts';
import type { Attempted } from './attempt.ts';

/** An attempt that has come to its end. */
export type Finished = Attempted & {
  decision: Decision;
  /** This attempt included. */
  attempts: number;
  startedAt: string;
  durationMs: number;
};

export type Store = (finished: Finished[]) => Promise<void>;

/** Stores what came of attempts. Those that end while others are being stored go together in the next write. */
export function createStore({ write, clock }: Pick<MiddlewareContext, 'write' | 'clock'>): Store {
  let waiting: Finished[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function storeWaiting() {
    const finished = waiting;
    waiting = [];
    next = undefined;
    await write(async (trx) => {
      await markDeliveries(trx, finished.map(toMark), clock.now().toISOString());
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

function toMark({ delivery, attempts, decision }: Finished) {
  const { customerId, customerName, waitsUsed, inDoubt, stale, packageId } = delivery;
  return { customerId, customerName, waitsUsed, inDoubt, stale, packageId, attempts, decision };
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
