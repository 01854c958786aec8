import type { Clock } from '@doorstep/kit/clock.ts';

// Breakers from npm keep time by timers or the wall clock; this one takes the monotonic clock of the context.

export type Breaker = {
  /** Whether a call may be made now. Each call that was let through is followed by `good` or `bad`. */
  letThrough(): boolean;
  good(): void;
  bad(): void;
};

type State =
  | { kind: 'closed'; failures: number }
  | { kind: 'open'; untilMs: number }
  /** One call is on its way to see whether the other side is back. */
  | { kind: 'half-open' };

/** So many failures in a row open it. */
const failuresMax = 5;
const openMs = 5_000;

/** Spares callers the wait for a neighbour that does not answer, and the neighbour the calls. */
export function createBreaker(clock: Pick<Clock, 'monotonicMs'>): Breaker {
  let state: State = { kind: 'closed', failures: 0 };
  const open = (): State => ({ kind: 'open', untilMs: clock.monotonicMs() + openMs });
  return {
    letThrough() {
      if (state.kind === 'closed') return true;
      if (state.kind === 'half-open' || clock.monotonicMs() < state.untilMs) return false;
      state = { kind: 'half-open' };
      return true;
    },
    good() {
      state = { kind: 'closed', failures: 0 };
    },
    bad() {
      if (state.kind === 'closed' && state.failures + 1 < failuresMax) state.failures += 1;
      else state = open();
    },
  };
}
