import type { Clock } from '@doorstep/kit/clock.ts';
import type { CustomerKey } from './delivery.ts';

/**
 * Until when a post in doubt may still create its package. A duration on the monotonic clock, because a clock that is set
 * forward must not let a look-up be believed too early. Kept in memory: after a restart each wait begins anew.
 */
export type Settling = {
  /** How long after its end a post in doubt may take effect. */
  waitMs: number;
  /** A post for each of these customers has just ended in doubt. */
  begin(customerIds: CustomerKey[]): void;
  /** The same for posts that may be of an earlier life of the daemon. */
  inherit(customerIds: CustomerKey[]): void;
  /** Whether the post in doubt is one of this life. */
  isOwn(customerId: CustomerKey): boolean;
  /** How long a look-up that finds nothing still proves nothing. */
  remainingMs(delivery: { customerId: CustomerKey; doubtAt: string }): number;
  /** The doubt is over. */
  end(customerId: CustomerKey): void;
};

export function createSettling(clock: Clock, waitMs: number): Settling {
  const openedMs = clock.monotonicMs();
  const waits = new Map<CustomerKey, { endMs: number; isOwn: boolean }>();

  function start(customerIds: CustomerKey[], isOwn: boolean): void {
    for (const id of customerIds) waits.set(id, { endMs: clock.monotonicMs() + waitMs, isOwn });
  }

  /** For a doubt of another process: an earlier life of the daemon, or a command. */
  function endOf(doubtAt: string): number {
    const byClockMs = Date.parse(doubtAt) + waitMs - clock.now().getTime();
    return Math.max(openedMs + waitMs, clock.monotonicMs() + Math.min(byClockMs, waitMs));
  }

  return {
    waitMs,
    begin: (customerIds) => start(customerIds, true),
    inherit: (customerIds) => start(customerIds, false),
    isOwn: (customerId) => waits.get(customerId)?.isOwn ?? false,
    remainingMs({ customerId, doubtAt }) {
      const wait = waits.get(customerId) ?? { endMs: endOf(doubtAt), isOwn: false };
      waits.set(customerId, wait);
      return Math.max(0, wait.endMs - clock.monotonicMs());
    },
    end(customerId) {
      waits.delete(customerId);
    },
  };
}
