import type { Attempted, CallResult, Finished } from '../attempted.ts';
import { countPosts, recordCalls } from '../calls.ts';
import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Call } from '../pace/gate.ts';
import { attemptGroup, attemptOne } from './attempt.ts';
import { decide } from './decide.ts';
import { keepOwn } from './own-package.ts';
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
  const { result: answer, callsOf } = await recordCalls(clock, () => attempt({ ...context, reader }, deliveries, call));
  const result = { ...answer, attempted: await keepOwn({ reader, startMs: startedMs }, deliveries, answer.attempted) };
  const { attempted, breaker } = await call.answered(result);
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  const now = clock.now();
  const doubtAt = now.toISOString();
  beginSettling(context, result);
  // the Inventory may have to be asked, and nobody else waits for that
  const settleMs = attempted.some(isInDoubt) ? await settleMsOf(context) : 0;
  const finished = attempted.map((one) => {
    const delivery = { ...one.delivery, ...(isInDoubt(one) && { doubtAt }) };
    const decision = decide({
      outcome: one.outcome,
      endedAt: one.endedAt,
      attempts: delivery.attempts + 1,
      waitsUsed: delivery.waitsUsed,
      settleMs: isInDoubt(one) ? settleMs : 0,
      breaker,
      now,
      waitsMs,
      random,
    });
    const calls = callsOf(delivery.customerId);
    const posts = one.endedAt === 'post' ? Math.max(countPosts(calls), 1) : countPosts(calls);
    const counted = { ...delivery, posts: delivery.posts + posts };
    return { ...one, delivery: counted, calls, decision, startedAt, durationMs };
  });
  const { verdict } = result;
  return { finished, ...(verdict.kind === 'not-taken' && { notTaken: verdict }) };
}

function beginSettling({ settling }: Pick<MiddlewareContext, 'settling'>, { attempted, verdict }: CallResult): void {
  const inDoubt = attempted.filter(isInDoubt).map(({ delivery }) => delivery);
  if (verdict.kind === 'not-taken' && verdict.inDoubt) inDoubt.push(...verdict.deliveries);
  settling.begin(inDoubt.map(({ customerId }) => customerId));
  for (const { delivery, outcome } of attempted) if (outcome.kind === 'delivered') settling.end(delivery.customerId);
}

/** How long a post that has just ended in doubt may still create its package; 0 where that does no harm. */
async function settleMsOf({ settling, target }: Pick<MiddlewareContext, 'settling' | 'target'>): Promise<number> {
  return (await target.idempotency()) === 'permanent' ? 0 : settling.waitMs;
}

function isInDoubt({ outcome }: Attempted): boolean {
  return outcome.kind === 'retry' && outcome.inDoubt;
}

type Means = MiddlewareContext & { reader: Reader };

function attempt(means: Means, deliveries: ClaimedDelivery[], call: Call): Promise<CallResult> {
  const [only, another] = deliveries;
  return only && !another ? attemptOne(means, only, call) : attemptGroup(means, deliveries);
}
