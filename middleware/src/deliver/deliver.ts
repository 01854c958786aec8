import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Gate } from '../pace/gate.ts';
import { type Attempted, attemptGroup, attemptOne, type GroupAttempt, type GroupVerdict } from './attempt.ts';
import { decide } from './decide.ts';
import { observe } from './observe.ts';
import type { Finished, Store } from './store.ts';

type Means = { context: MiddlewareContext; gate: Gate; store: Store };

/**
 * Makes one attempt at a claimed delivery and stores what came of it. `onAnswered` is called in between. Safe to repeat: the
 * target knows the key.
 */
export async function deliverOne(means: Means, delivery: ClaimedDelivery, onAnswered: () => void): Promise<void> {
  // a probe is one call, not four
  const quickRetries = means.gate.state() === 'closed';
  const attempt = async (): Promise<GroupAttempt> => {
    return { attempted: [await attemptOne(means.context, delivery, { quickRetries })], verdict: { kind: 'taken' } };
  };
  await deliver(means, attempt, onAnswered);
}

/** As `deliverOne`, for many in one call. Gives what the target said to the group. */
export function deliverGroup(
  means: Means,
  deliveries: ClaimedDelivery[],
  onAnswered: () => void,
): Promise<GroupVerdict> {
  return deliver(means, () => attemptGroup(means.context, deliveries), onAnswered);
}

async function deliver(
  { context, gate, store }: Means,
  attempt: () => Promise<GroupAttempt>,
  onAnswered: () => void,
): Promise<GroupVerdict> {
  const { clock } = context;
  const startedAt = clock.now().toISOString();
  const startedMs = clock.monotonicMs();
  const { attempted, verdict } = await attempt();
  if (attempted.length > 0) await gate.ended(attempted);
  onAnswered();
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  const toFinished = ({ delivery, outcome, untried }: Attempted): Finished => {
    const attempts = delivery.attempts + 1;
    const isForEverybody = outcome.kind === 'retry' && outcome.forEverybody;
    // one of a group may fail again and again because of another
    const isOwnFault = attempted.length === 1 && gate.wasGoodSince(delivery.failedAt);
    const waitsForBreaker = isForEverybody && !untried && !isOwnFault && gate.state() !== 'closed';
    // it is yet to be read again: it was not posted, and the whole schedule lies before it
    const isNeverGivenUp = isForEverybody && (untried === true || (delivery.stale && !isOwnFault));
    const { waitsUsed } = delivery;
    const { random, waitsMs } = context;
    const how = { waitsForBreaker, isNeverGivenUp, waitsMs, random };
    const decision = decide({ outcome, attempts, waitsUsed, now: clock.now(), ...how });
    return { delivery, outcome, decision, attempts, startedAt, durationMs };
  };
  const finished = attempted.map(toFinished);
  if (finished.length > 0) await store(finished);
  for (const one of finished) observe(context, one);
  return verdict;
}
