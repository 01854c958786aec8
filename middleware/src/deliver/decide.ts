import type { Decision, Outcome } from '../delivery.ts';

type Attempt = {
  outcome: Outcome;
  /** Attempts made, this one included. */
  attempts: number;
  /** Waits of the schedule that are used up. */
  waitsUsed: number;
  /** Everybody waits until the breaker closes: this attempt uses up no wait, and its delivery is due at once. */
  waitsForBreaker: boolean;
  /** After the last wait of the schedule comes another one as long, or of an hour. */
  isNeverGivenUp: boolean;
  now: Date;
  /** Waits between attempts; after the last one the delivery is dead. */
  waitsMs: readonly number[];
  /** From 0 up to, not including, 1. */
  random: () => number;
};

/** Many that failed together must not all come back together. */
const jitter = 0.2;
const hourMs = 3_600_000;
const retryAfterMaxMs = hourMs;

/** The longest that a delivery may have to wait for its next attempt. */
export function longestWaitMs(waitsMs: readonly number[]): number {
  return Math.max(...waitsMs.map((wait) => wait * (1 + jitter)), retryAfterMaxMs);
}

/** What happens next after an attempt. */
export function decide(attempt: Attempt): Decision {
  const { outcome, attempts, waitsUsed, waitsForBreaker, isNeverGivenUp, now, waitsMs, random } = attempt;
  if (outcome.kind === 'delivered') return { state: 'delivered', packageId: outcome.packageId };
  if (outcome.kind === 'rejected') return { state: 'dead', reason: outcome.reason };
  const { reason, afterMs = 0, inDoubt } = outcome;
  if (waitsForBreaker) {
    return { state: 'retrying', dueAt: now.toISOString(), waitMs: 0, waitsUsed, reason, inDoubt };
  }
  const wait = waitsMs[waitsUsed] ?? (isNeverGivenUp ? Math.max(...waitsMs.slice(-1), hourMs) : undefined);
  if (wait === undefined) return { state: 'dead', reason: `given up after ${attempts} attempts: ${reason}` };
  const jittered = wait * (1 + jitter * (2 * random() - 1));
  const waitMs = Math.round(Math.max(jittered, Math.min(afterMs, retryAfterMaxMs)));
  const dueAt = new Date(now.getTime() + waitMs).toISOString();
  return { state: 'retrying', dueAt, waitMs, waitsUsed: Math.min(waitsUsed + 1, waitsMs.length), reason, inDoubt };
}
