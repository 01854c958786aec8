import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '@doorstep/kit/clock.ts';
import { singleFlight } from '@doorstep/kit/work/single-flight.ts';
import type { AxiosInstance } from 'axios';
import type { Idempotency } from '../ports.ts';

type Options = {
  setting: Idempotency | 'auto';
  clock: Pick<Clock, 'monotonicMs'>;
  /** Called with each answer that differs from the last one. */
  onLearned: (idempotency: Idempotency) => void;
};

/** An Inventory that does not answer is not asked by everyone. */
const unansweredMs = 5_000;
/** An Inventory may be replaced by another kind at the same address. */
const askAgainMs = 60_000;

/** Whether the Inventory itself refuses a second package for ever. `auto` asks `GET /`. Never throws. */
export function inventoryIdempotency(client: AxiosInstance, { setting, clock, onLearned }: Options) {
  let unansweredAtMs = Number.NEGATIVE_INFINITY;
  let known: { idempotency: Idempotency; atMs: number } | undefined;

  // it concerns all deliveries, so it is no call of the one that happens to ask
  const get = AsyncResource.bind(() =>
    client.get('/', { validateStatus: () => true, headers: { Accept: 'application/json' } }).catch(() => undefined),
  );

  const ask = singleFlight(async () => {
    const answer = await get();
    if (!answer || answer.status >= 500) {
      unansweredAtMs = clock.monotonicMs();
      return known?.idempotency;
    }
    const idempotency = answer.status === 200 && answer.data?.idempotency === 'permanent' ? 'permanent' : 'none';
    if (idempotency !== known?.idempotency) onLearned(idempotency);
    known = { idempotency, atMs: clock.monotonicMs() };
    return idempotency;
  });

  return async (): Promise<Idempotency | undefined> => {
    if (setting !== 'auto') return setting;
    if (clock.monotonicMs() - unansweredAtMs < unansweredMs) return known?.idempotency;
    const isFresh = known && clock.monotonicMs() - known.atMs < askAgainMs;
    return isFresh ? known?.idempotency : ask.join();
  };
}
