import type { MiddlewareContext } from '../context.ts';
import { freeFailedSince } from '../db/claims.ts';
import type { Attempted } from '../deliver/attempt.ts';
import type { Retry } from '../delivery.ts';
import { createTrouble } from '../trouble.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { createGrowth } from './growth.ts';

/** How much may be asked of the target. */
export type Gate = {
  state(): BreakerState['kind'];
  /** How many calls may be begun while so many are under way. */
  room(underWay: number): number;
  /** Whether the target has been well for long enough to be given a whole group at once. */
  takesGroups(): boolean;
  /** Whether the target has answered well since then: who failed before and fails again has a fault of his own. */
  wasGoodSince(time: string | undefined): boolean;
  /** A poll has been: an open breaker may be probed. */
  polled(): void;
  /** A call begins. */
  begun(): void;
  /** A call has ended. Where that closes the breaker, everybody who waited for it is made due. */
  ended(attempted: Attempted[]): Promise<void>;
  /** A call has ended without anybody knowing how. */
  abandoned(): void;
};

/** Of a time that is stored, and of one that is read. */
const roundingMs = 2;

export function createGate(context: MiddlewareContext): Gate {
  const { clock, metrics, write } = context;
  const breaker = createBreaker(clock);
  const growth = createGrowth(context.concurrency);
  const trouble = createTrouble(context, {
    meanwhile: 'the breaker is open: one probe a poll, and nobody else is tried',
    over: 'the breaker is closed: the Inventory answers again',
  });

  let lastGood: { at: string; ms: number } | undefined;

  const tellMetrics = () => metrics.breakerOpen.set(breaker.state().kind === 'closed' ? 0 : 1);

  async function good() {
    lastGood = { at: clock.now().toISOString(), ms: clock.monotonicMs() };
    const ended = breaker.good();
    growth.good();
    if (!ended) return;
    trouble.over();
    await write((trx) => freeFailedSince(trx, { since: ended.since, now: clock.now().toISOString() }));
  }

  function bad(failures: { delivery: { customerId: number }; outcome: Retry }[]) {
    growth.bad();
    const ids = failures.map(({ delivery }) => delivery.customerId);
    const afterMs = Math.max(...failures.map(({ outcome }) => outcome.afterMs ?? 0));
    if (breaker.bad(ids, afterMs)) growth.reset();
    const reason = failures[0]?.outcome.reason ?? '';
    if (breaker.state().kind !== 'closed') trouble.tell(reason);
  }

  function abandoned() {
    if (breaker.state().kind === 'half-open') breaker.bad([]);
  }

  return {
    state: () => breaker.state().kind,
    room(underWay) {
      const state = breaker.state();
      if (state.kind === 'closed') return Math.max(growth.limit() - underWay, 0);
      return state.kind === 'open' && state.probes && underWay === 0 ? 1 : 0;
    },
    takesGroups: () => breaker.state().kind === 'closed' && growth.isGrown(),
    wasGoodSince(time) {
      if (time === undefined || lastGood === undefined) return false;
      // by the time and by how long ago, for the clock may have been set back or ahead since
      const agoMs = clock.now().getTime() - Date.parse(time);
      return lastGood.at > time && clock.monotonicMs() - lastGood.ms + roundingMs < agoMs;
    },
    polled: () => breaker.poll(),
    begun: () => breaker.probe(),
    async ended(attempted) {
      const tried = attempted.filter(({ untried }) => !untried);
      // nothing was learnt of the target
      if (tried.length === 0) return abandoned();
      const failures = tried.flatMap(({ delivery, outcome }) =>
        outcome.kind === 'retry' && outcome.forEverybody ? { delivery, outcome } : [],
      );
      if (failures.length < tried.length) await good();
      else bad(failures);
      tellMetrics();
    },
    abandoned,
  };
}
