import type { CallResult, Finished } from '../attempted.ts';
import { countPosts, recordCalls } from '../calls.ts';
import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Call } from '../pace/gate.ts';
import { attemptGroup, attemptOne } from './attempt.ts';
import { decide } from './decide.ts';

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
  call: Call,
): Promise<Delivered> {
  const { clock, random, waitsMs } = context;
  const startedAt = clock.now().toISOString();
  const startedMs = clock.monotonicMs();
  const { result, callsOf } = await recordCalls(clock, () => attempt(context, deliveries, call));
  const { attempted, breaker } = await call.answered(result);
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  const finished = attempted.map((one) => {
    const { attempts, waitsUsed, beforePost } = one.delivery;
    const decision = decide({
      outcome: one.outcome,
      attempts: attempts + 1,
      waitsUsed,
      isUnread: beforePost === 'read and look',
      breaker,
      now: clock.now(),
      waitsMs,
      random,
    });
    const calls = callsOf(one.delivery.customerId);
    const posts = one.endedAt === 'post' ? Math.max(countPosts(calls), 1) : countPosts(calls);
    const delivery = { ...one.delivery, posts: one.delivery.posts + posts };
    return { ...one, delivery, calls, decision, startedAt, durationMs };
  });
  const { verdict } = result;
  return { finished, ...(verdict.kind === 'not-taken' && { notTaken: verdict }) };
}

function attempt(context: MiddlewareContext, deliveries: ClaimedDelivery[], call: Call): Promise<CallResult> {
  const [only, another] = deliveries;
  return only && !another ? attemptOne(context, only, call) : attemptGroup(context, deliveries);
}
