import type { Decision, Outcome } from '../delivery.ts';

type Attempt = {
  /** Attempts made, this one included. */
  attempts: number;
  outcome: Outcome;
  now: Date;
  /** Waits between attempts; after the last one the delivery is dead. */
  waitsMs: readonly number[];
  /** From 0 up to, not including, 1. */
  random: () => number;
};

/** Many that failed together must not all come back together. */
const jitter = 0.2;
const retryAfterMaxMs = 3_600_000;

/** The longest that a delivery may have to wait for its next attempt. */
export function longestWaitMs(waitsMs: readonly number[]): number {
  return Math.max(...waitsMs.map((wait) => wait * (1 + jitter)), retryAfterMaxMs);
}

/** What happens next after an attempt. */
export function decide({ attempts, outcome, now, waitsMs, random }: Attempt): Decision {
  if (outcome.kind === 'delivered') return { state: 'delivered', packageId: outcome.packageId };
  if (outcome.kind === 'rejected') return { state: 'dead', reason: outcome.reason };
  const { reason, afterMs = 0, inDoubt } = outcome;
  const wait = waitsMs[attempts - 1];
  if (wait === undefined) return { state: 'dead', reason: `given up after ${attempts} attempts: ${reason}` };
  const jittered = wait * (1 + jitter * (2 * random() - 1));
  const waitMs = Math.round(Math.max(jittered, Math.min(afterMs, retryAfterMaxMs)));
  return { state: 'retrying', dueAt: new Date(now.getTime() + waitMs).toISOString(), waitMs, reason, inDoubt };
}
