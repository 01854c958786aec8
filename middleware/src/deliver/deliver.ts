import type { CallResult, Finished } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Call } from '../pace/gate.ts';
import { attemptGroup, attemptOne } from './attempt.ts';
import { decide } from './decide.ts';
import type { Reader } from './reader.ts';

export type Delivered = {
  finished: Finished[];
  /** Those that have to go in another form; `inDoubt` if they may have been posted. */
  notTaken?: { deliveries: ClaimedDelivery[]; inDoubt: boolean };
};

/**
 * Makes one attempt at claimed deliveries, one by itself or many as a group, and decides what happens next. Nothing is
 * stored. Safe to repeat: the Inventory knows the idempotency key, and what is in doubt is looked up first.
 */
export async function deliver(
  context: MiddlewareContext,
  deliveries: ClaimedDelivery[],
  { call, reader }: { call: Call; reader: Reader },
): Promise<Delivered> {
  const { clock, random, waitsMs } = context;
  const startedAt = clock.now().toISOString();
  const startedMs = clock.monotonicMs();
  const result = await attempt({ ...context, reader }, deliveries, call);
  const { attempted, breaker } = await call.answered(result);
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  const finished = attempted.map((one) => {
    const { attempts, waitsUsed } = one.delivery;
    const decision = decide({
      outcome: one.outcome,
      endedAt: one.endedAt,
      attempts: attempts + 1,
      waitsUsed,
      breaker,
      now: clock.now(),
      waitsMs,
      random,
    });
    return { ...one, decision, startedAt, durationMs };
  });
  const { verdict } = result;
  return { finished, ...(verdict.kind === 'not-taken' && { notTaken: verdict }) };
}

type Means = MiddlewareContext & { reader: Reader };

function attempt(means: Means, deliveries: ClaimedDelivery[], call: Call): Promise<CallResult> {
  const [only, another] = deliveries;
  return only && !another ? attemptOne(means, only, call) : attemptGroup(means, deliveries);
}
