import type { Clock } from '@doorstep/kit/clock.ts';

// Breakers from npm use timers or the wall clock; this one uses the monotonic clock from the context.

export type Breaker = {
  /** Whether the caller may call now. After each permitted call, the caller reports `good` or `bad`. */
  letThrough(): boolean;
  good(): void;
  bad(): void;
};

type State =
  | { kind: 'closed'; failures: number }
  | { kind: 'open'; untilMs: number }
  /** One probe is in flight. */
  | { kind: 'half-open' };

/** This many consecutive failures open the breaker. */
const failuresMax = 5;
const openMs = 5_000;

/** Rejects calls at once while a service does not answer, so that callers do not wait and the service gets no load. */
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
