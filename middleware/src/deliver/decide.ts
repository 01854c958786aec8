import type { Decision, Outcome, Retrying } from '../delivery.ts';

type Attempt = {
  outcome: Outcome;
  /** Attempts made, this one included. */
  attempts: number;
  /** Waits of the schedule that are used up. */
  waitsUsed: number;
  /** How long a post in doubt may still create its package; 0 if the Inventory refuses doubles for ever. */
  settleMs: number;
  /** The CRM has not shown the customer yet since the delivery was started again. */
  isUnread: boolean;
  breaker: 'closed' | 'open' | 'half-open';
  now: Date;
  /** Waits between attempts; after the last one the delivery is dead. */
  waitsMs: readonly number[];
  /** From 0 up to, not including, 1. */
  random: () => number;
};

/** Deliveries that failed together must not all come back together. */
const jitter = 0.2;
const hourMs = 3_600_000;
const retryAfterMaxMs = hourMs;

/** The longest that a delivery may have to wait for its next attempt. */
export function longestWaitMs(waitsMs: readonly number[]): number {
  return Math.max(...waitsMs.map((wait) => wait * (1 + jitter)), retryAfterMaxMs);
}

/** What happens next after an attempt. */
export function decide(attempt: Attempt): Decision {
  const { outcome, attempts, waitsUsed, settleMs, isUnread, breaker, now, waitsMs, random } = attempt;
  if (outcome.kind === 'delivered') return { state: 'delivered', packageId: outcome.packageId };
  if (outcome.kind === 'rejected') return { state: 'dead', reason: outcome.reason };
  if (outcome.kind === 'held') return { state: 'held', reason: outcome.reason };
  const inDoubt = outcome.kind === 'retry' && outcome.inDoubt;
  const { reason } = outcome;
  const waiting = (waitsFor: Retrying['waitsFor'], waitMs: number, used: number): Retrying => {
    const dueAt = new Date(now.getTime() + waitMs).toISOString();
    return { state: 'retrying', waitsFor, dueAt, waitMs, waitsUsed: used, reason, inDoubt };
  };
  if (outcome.kind === 'unsettled') return waiting('settling', outcome.waitMs, waitsUsed);
  const { afterMs = 0, whose } = outcome;
  if (whose === 'inventory' && breaker !== 'closed') return waiting('breaker', 0, waitsUsed);
  const isEndless = whose === 'crm' || (whose === 'inventory' && isUnread);
  const wait = waitsMs[waitsUsed] ?? (isEndless ? Math.max(...waitsMs.slice(-1), hourMs) : undefined);
  if (wait === undefined) return { state: 'dead', reason: `given up after ${attempts} attempts: ${reason}` };
  const jittered = wait * (1 + jitter * (2 * random() - 1));
  const waitMs = Math.round(Math.max(jittered, Math.min(afterMs, retryAfterMaxMs), settleMs));
  return waiting(whose === 'crm' ? 'crm' : 'schedule', waitMs, Math.min(waitsUsed + 1, waitsMs.length));
}
