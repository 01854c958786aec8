import type { Attempted } from '../attempted.ts';
import type { Decision, Outcome, Retrying } from '../delivery.ts';
import { longestSpread, spread } from '../spread.ts';

type Attempt = {
  outcome: Outcome;
  /** Attempts made, this one included. */
  attempts: number;
  /** Waits of the schedule that are used up. */
  waitsUsed: number;
  /** How long a post in doubt may still create its package; 0 if the Inventory refuses doubles for ever. */
  settleMs: number;
  endedAt: Attempted['endedAt'];
  breaker: 'closed' | 'open' | 'half-open';
  now: Date;
  /** Waits between attempts; after the last one the delivery is dead. */
  waitsMs: readonly number[];
  /** From 0 up to, not including, 1. */
  random: () => number;
};

const retryAfterMaxMs = 3_600_000;

/** The longest that a delivery may have to wait for its next attempt. */
export function longestWaitMs(waitsMs: readonly number[]): number {
  return Math.max(...waitsMs.map(longestSpread), retryAfterMaxMs);
}

/** Until the CRM can be read again, for as long as it takes. */
const crmWaitMs = 5_000;

/** What happens next after an attempt. */
export function decide(attempt: Attempt): Decision {
  const { outcome, attempts, waitsUsed, settleMs, endedAt, breaker, now, waitsMs, random } = attempt;
  if (outcome.kind === 'delivered') return { state: 'delivered', packageId: outcome.packageId };
  if (outcome.kind === 'held') return { state: 'held', reason: outcome.reason };
  const isRefused = outcome.kind === 'rejected';
  if (isRefused && !outcome.ofRecord) return { state: 'dead', reason: outcome.reason };
  const inDoubt = outcome.kind === 'retry' && outcome.inDoubt;
  const { reason } = outcome;
  const waiting = (waitsFor: Retrying['waitsFor'], waitMs: number, used: number): Retrying => {
    const dueAt = new Date(now.getTime() + waitMs).toISOString();
    return { state: 'retrying', waitsFor, dueAt, waitMs, waitsUsed: used, reason, inDoubt, isRefused };
  };
  if (outcome.kind === 'unsettled') return waiting('settling', outcome.waitMs, waitsUsed);
  const { afterMs = 0, whose } = outcome.kind === 'rejected' ? ofRecord : outcome;
  if (whose === 'inventory' && breaker !== 'closed') return waiting('breaker', 0, waitsUsed);
  const wait = whose === 'crm' ? crmWaitMs : waitsMs[waitsUsed];
  if (wait === undefined) {
    const mayExist = settleMs > 0 ? '; the last post may still create a package, which a replay finds' : '';
    return { state: 'dead', reason: `given up after ${attempts} attempts: ${reason}${mayExist}` };
  }
  const jittered = spread(wait, random);
  const waitMs = Math.round(Math.max(jittered, Math.min(afterMs, retryAfterMaxMs), settleMs));
  if (whose === 'crm') return waiting('crm', waitMs, waitsUsed);
  return waiting(isRefused || endedAt === 'read' ? 'record' : 'schedule', waitMs, waitsUsed + 1);
}

/** A refused record has had no effect, and concerns its customer alone. */
const ofRecord = { afterMs: 0, whose: 'customer' } as const;
