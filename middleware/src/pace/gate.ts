import type { Attempted, CallResult } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { createGroups, groupMin } from './groups.ts';
import { createGrowth } from './growth.ts';
import { createHealth } from './health.ts';

/** How much the Inventory is asked for at once. */
export type Gate = {
  breaker(): BreakerState['kind'];
  /** A poll has ended: an open breaker may be probed. */
  polled(): void;
  allows(): Allowance;
  /** A call for so many deliveries begins. */
  begin(count: number): Call;
};

/** What may begin now. */
export type Allowance =
  /** The breaker is open. */
  | { kind: 'nothing' }
  /** One call to try whether the Inventory is back; `prefersKnown`: for a customer that need not be read from the CRM first. */
  | { kind: 'probe'; prefersKnown: boolean }
  /**
   * `room`: so many calls. `claimsMax`: so many deliveries may be claimed, a few more than there is room for, so that a free
   * place need not wait for a claim. If more than `groupMin` are due, up to `groupMax` travel in one call; 0: none do.
   */
  | { kind: 'calls'; room: number; claimsMax: number; groupMin: number; groupMax: number };

export type Call = {
  /** A probe is one post, not four. */
  quickRetries: boolean;
  /**
   * The call was answered. Gives its attempts, with whose fault each failure is, and the state of the breaker after them.
   * If that closes the breaker, all deliveries that waited for it are made due.
   */
  answered(result: CallResult): Promise<{ attempted: Attempted[]; breaker: BreakerState['kind'] }>;
  /** Nothing of the call is left to do. Called once, with or without an answer. */
  ended(): void;
};

/** Claims that wait for a free place, in places. */
const aheadMax = 2;

export function createGate(context: MiddlewareContext): Gate {
  const { clock, concurrency, logger } = context;
  const breaker = createBreaker(clock);
  const growth = createGrowth(concurrency);
  const groups = createGroups(logger);
  const health = createHealth(context, breaker, growth);
  let underWay = 0;
  let prefersKnown = true;

  const kind = () => breaker.state().kind;

  return {
    breaker: kind,
    polled: () => breaker.poll(),
    allows() {
      const state = breaker.state();
      if (state.kind !== 'closed') {
        const mayProbe = state.kind === 'open' && state.probes && underWay === 0;
        return mayProbe ? { kind: 'probe', prefersKnown } : { kind: 'nothing' };
      }
      const room = groups.isFull() ? 0 : Math.max(growth.limit() - underWay, 0);
      if (!growth.isGrown()) return { kind: 'calls', room, claimsMax: room, groupMin, groupMax: 0 };
      const claimsMax = room + aheadMax * concurrency;
      return { kind: 'calls', room, claimsMax, groupMin, groupMax: groups.size() };
    },
    begin(count) {
      if (kind() === 'open') prefersKnown = !prefersKnown;
      breaker.probe();
      underWay += 1;
      const group = count > 1 ? groups.begin(count) : undefined;
      let isAnswered = false;
      return {
        quickRetries: kind() === 'closed',
        async answered({ attempted, verdict }) {
          isAnswered = true;
          underWay -= 1;
          group?.learn(verdict);
          groups.ended(attempted.length);
          if (attempted.length > 0) await health.learn(attempted);
          return { attempted: health.blame(attempted), breaker: kind() };
        },
        ended() {
          group?.end();
          if (isAnswered) return;
          underWay -= 1;
          health.learnedNothing();
        },
      };
    },
  };
}
