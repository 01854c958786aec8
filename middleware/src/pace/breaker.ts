import type { Clock } from '@doorstep/kit/clock.ts';
import type { CustomerKey } from '../delivery.ts';

// Breakers from npm count calls and probe by a timer. This one counts customers, and probes once a poll.

export type BreakerState =
  /** `failed`: who has met with failure since the last good answer; `since`: when that began. */
  | { kind: 'closed'; failed: Set<CustomerKey>; since: string }
  /** One probe may be made once a poll has been: `probes`. */
  | { kind: 'open'; since: string; sinceMs: number; notBeforeMs: number; probes: boolean }
  /** The probe is under way. */
  | { kind: 'half-open'; since: string; sinceMs: number };

export type Breaker = {
  state(): BreakerState;
  /** A poll: an open breaker lets one probe through, unless the other side has asked for a longer wait. */
  poll(): void;
  /** The probe begins. */
  probe(): void;
  /** The probe ended without a post: another may take its place at once. */
  probeUnused(): void;
  /** A call was answered well: the other side is there. Gives the state that this has ended, where it was not closed. */
  good(): Exclude<BreakerState, { kind: 'closed' }> | undefined;
  /** A call failed in a way that everybody would have met with. Gives whether this has opened the breaker. */
  bad(customerIds: CustomerKey[], afterMs?: number): boolean;
};

/** So many customers in a row: fewer may have a fault of their own. */
const failedMin = 5;
const afterMaxMs = 3_600_000;

/** Guards the target: while it is open, each poll claims one probe and nothing else. */
export function createBreaker(clock: Clock): Breaker {
  const closed = (): BreakerState => ({ kind: 'closed', failed: new Set(), since: '' });
  let state = closed();

  function open(since: string, sinceMs: number, afterMs: number) {
    state = { kind: 'open', since, sinceMs, notBeforeMs: waitEndsMs(afterMs), probes: false };
  }

  function waitEndsMs(afterMs: number): number {
    return clock.monotonicMs() + Math.min(afterMs, afterMaxMs);
  }

  return {
    state: () => state,
    poll() {
      if (state.kind === 'open') state.probes = clock.monotonicMs() >= state.notBeforeMs;
    },
    probe() {
      if (state.kind === 'open') state = { kind: 'half-open', since: state.since, sinceMs: state.sinceMs };
    },
    probeUnused() {
      if (state.kind === 'half-open') state = { ...state, kind: 'open', notBeforeMs: 0, probes: true };
    },
    good() {
      const ended = state.kind === 'closed' ? undefined : state;
      state = closed();
      return ended;
    },
    bad(customerIds, afterMs = 0) {
      if (state.kind === 'half-open') open(state.since, state.sinceMs, afterMs);
      // who was under way as it opened may have been asked to wait for longer
      else if (state.kind === 'open') {
        state.notBeforeMs = Math.max(state.notBeforeMs, waitEndsMs(afterMs));
        state.probes &&= clock.monotonicMs() >= state.notBeforeMs;
      }
      if (state.kind !== 'closed') return false;
      if (state.failed.size === 0) state.since = clock.now().toISOString();
      for (const id of customerIds) state.failed.add(id);
      if (state.failed.size < failedMin) return false;
      open(state.since, clock.monotonicMs(), afterMs);
      return true;
    },
  };
}
