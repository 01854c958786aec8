import type { Finished } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import { returnClaims } from '../db/claims.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Gate } from '../pace/gate.ts';
import { watchBacklog } from './backlog.ts';
import { type Delivered, deliver } from './deliver.ts';
import { observe } from './observe.ts';
import type { Reader } from './reader.ts';
import { createRefusals } from './refusals.ts';
import { store } from './store.ts';
import { createTakeUp, freeLeftOver } from './take-up.ts';

export type Dispatcher = {
  /** Delivers until nothing is due and no call is under way. Called again only after it has ended. */
  run(): Promise<void>;
  /** Makes a run that waits for slow calls look for new deliveries. */
  lookAgain(): void;
};

type Means = {
  gate: Gate;
  reader: Reader;
  /** @throws unless the ledger belongs to this process. */
  ensureOwner: () => Promise<void>;
  /** Once aborted, nothing more is claimed; calls under way go on. */
  stopping: AbortSignal;
  onStored: () => void;
};

/** Claims what is due and delivers it, as much at once as the gate allows. */
export function createDispatcher(context: MiddlewareContext, means: Means): Dispatcher {
  const { gate, reader, ensureOwner, stopping, onStored } = means;
  const takeUp = createTakeUp(context, { gate, reader, ensureOwner, stopping });
  const refusals = createRefusals(context);
  let failures: unknown[] = [];
  let wake = () => {};
  stopping.addEventListener('abort', () => wake());

  async function run(): Promise<void> {
    failures = [];
    await ensureOwner();
    await freeLeftOver(context);
    const backlog = watchBacklog(context);
    const underWay = new Set<Promise<void>>();
    for (let isDone = false; !isDone; ) {
      let isWoken = false;
      const woken = new Promise<void>((resolve) => {
        wake = () => {
          isWoken = true;
          resolve();
        };
      });
      for (let calls = await takeNext(); calls.length > 0; calls = await takeNext()) {
        for (const deliveries of calls) {
          const call = carry(deliveries, backlog.done).finally(() => {
            underWay.delete(call);
            wake();
          });
          underWay.add(call);
        }
      }
      if (underWay.size > 0) await woken;
      // a call that ended during the claim may have returned deliveries; claims that wait as the breaker opens go back
      else isDone = failures.length > 0 || (!isWoken && !takeUp.isWaiting());
    }
    backlog.stop();
    reader.forget();
    if (failures.length === 0) return;
    // a claim that came while the ledger failed is abandoned, too
    takeUp.abandon();
    throw failures[0];
  }

  async function takeNext(): Promise<ClaimedDelivery[][]> {
    if (failures.length > 0) return [];
    try {
      await refusals.decided();
      return await takeUp.next();
    } catch (error) {
      fail(error);
      return [];
    }
  }

  /** One call and everything after it. Never throws. Its place is free once it is answered: the Inventory need not wait for the ledger. */
  async function carry(deliveries: ClaimedDelivery[], onDone: (attempts: number) => void): Promise<void> {
    const call = gate.begin(deliveries.length);
    try {
      const { finished, notTaken } = await deliver(context, deliveries, { call, reader });
      for (const one of await settle(finished)) observe(context, one);
      if (notTaken) await putBack(context, notTaken);
      onDone(finished.length);
      onStored();
    } catch (error) {
      fail(error);
    } finally {
      call.ended();
    }
  }

  /** Stores ended attempts. Gives what happens next, which may be another thing if everybody so far was refused. */
  async function settle(finished: Finished[]): Promise<Finished[]> {
    if (refusals.concern(finished)) return refusals.store(finished);
    wake();
    if (finished.length > 0) await store(context, finished);
    return finished;
  }

  /** The ledger could not be written: nothing more is claimed, and the next run finds these claims interrupted. */
  function fail(error: unknown) {
    failures.push(error);
    takeUp.abandon();
  }

  return { run, lookAgain: () => wake() };
}

function putBack(
  { clock, write }: Pick<MiddlewareContext, 'clock' | 'write'>,
  { deliveries, inDoubt }: NonNullable<Delivered['notTaken']>,
): Promise<void> {
  const now = clock.now().toISOString();
  return write((trx) => returnClaims(trx, deliveries, { inDoubt, now }));
}
