import type { Transaction } from 'kysely';
import type { Finished } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import { insertAttempts } from '../db/attempts.ts';
import { updateDeliveries } from '../db/deliveries.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import { toStored } from '../db/stored-calls.ts';
import { delivered, died, held, numberInLedger, refusedLikeAll, retrying } from '../life-cycle.ts';

/** Stores the ended attempts of one call. Calls that end during a commit share the statements of the next one. */
export async function store(context: MiddlewareContext, finished: Finished[]): Promise<void> {
  await context.write.together(storeAll, finished, context);
}

async function storeAll(trx: Transaction<LedgerDatabase>, calls: Finished[][], { clock }: MiddlewareContext) {
  const finished = calls.flat();
  const now = clock.now().toISOString();
  await updateDeliveries(
    trx,
    finished.map((one) => afterAttempt(one, now)),
  );
  await insertAttempts(trx, finished.map(toAttempt));
  return calls.map(() => undefined);
}

function afterAttempt({ delivery, decision }: Finished, now: string) {
  if (decision.state === 'delivered') return delivered(delivery, decision.packageId, now);
  if (decision.state === 'retrying') return retrying(delivery, decision, now);
  if (decision.state === 'pending') return refusedLikeAll(delivery, decision.reason, now);
  return decision.state === 'dead' ? died(delivery, decision.reason, now) : held(delivery, decision.reason, now);
}

function toAttempt({ delivery, outcome, decision, calls, startedAt, durationMs }: Finished) {
  return {
    customer_id: numberInLedger(delivery),
    started_at: startedAt,
    duration_ms: durationMs,
    status: outcome.status ?? null,
    error: outcome.kind === 'delivered' ? null : outcome.reason,
    next_attempt_at: decision.state === 'retrying' ? decision.dueAt : null,
    calls: toStored(calls),
  };
}
