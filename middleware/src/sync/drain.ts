import type { MiddlewareContext } from '../context.ts';
import { type Claim, claimDue, freeInterrupted, returnClaims } from '../db/claims.ts';
import { readFact } from '../db/facts.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import { deliverGroup, deliverOne } from './deliver.ts';
import type { Gate } from './gate.ts';
import { createGroups, groupMin } from './groups.ts';
import { createStore } from './store.ts';

export type Drain = {
  /** Delivers until nothing is due and nothing under way. To be called again only after it has ended. */
  run(): Promise<void>;
  /** Makes a run that waits for slow deliveries look for new ones. */
  lookAgain(): void;
  /** Claims nothing more; what is under way goes on. */
  stop(): void;
};

/** Claims that wait for a free place, so that a free place need not wait for a claim. */
const aheadMax = 2;

/** Claims what is due and delivers it, as much at once as the gate allows; `onDelivered` after each call. */
export function createDrain(context: MiddlewareContext, gate: Gate, onDelivered: (count: number) => void): Drain {
  const { write } = context;
  const groups = createGroups(context.logger);
  const means = { context, gate, store: createStore(context) };
  const underWay = new Set<Promise<void>>();
  let ready: ClaimedDelivery[] = [];
  let stopped = false;
  let failure: unknown;
  let look = () => {};

  async function run(): Promise<void> {
    failure = undefined;
    await write(freeInterrupted);
    for (;;) {
      const looked = new Promise<void>((resolve) => {
        look = resolve;
      });
      while (await takeUp().catch(failed)) {} // groups, until there is no more room
      while (ready.length > 0 && gate.room(underWay.size) > 0) startOne(ready.shift() as ClaimedDelivery);
      if (underWay.size === 0) break;
      await Promise.race([...underWay, looked]);
    }
    if (failure) throw failure;
  }

  /** The ledger could not be written: nothing more is claimed, and what stands claimed is in doubt at the next run. */
  function failed(error: unknown): false {
    failure ??= error;
    ready = [];
    gate.abandoned();
    return false;
  }

  /** Claims what there is room for. Gives whether that was a group, which is under way by then. */
  async function takeUp(): Promise<boolean> {
    const halted = stopped || failure !== undefined || gate.state() !== 'closed';
    if (ready.length > 0 && (halted || (await isPaused(context.db)))) await putBack(ready.splice(0), false);
    const room = gate.room(underWay.size);
    if (stopped || failure !== undefined || room === 0 || ready.length > 0 || groups.isFull()) return false;
    const calm = gate.takesGroups();
    const singlesMax = calm ? room + aheadMax * context.concurrency : room;
    const claim = await claimUnlessPaused(context, { singlesMax, groupMax: calm ? groups.size() : 0, groupMin });
    if (claim.grouped) startGroup(claim.deliveries);
    else ready = claim.deliveries;
    return claim.grouped;
  }

  function putBack(deliveries: ClaimedDelivery[], inDoubt: boolean): Promise<void> {
    return write((trx) => returnClaims(trx, deliveries, inDoubt));
  }

  function startOne(delivery: ClaimedDelivery) {
    start(async () => {
      await deliverOne(means, delivery);
      onDelivered(1);
    });
  }

  function startGroup(deliveries: ClaimedDelivery[]) {
    start(async () => {
      const notTaken = await groups.during(() => deliverGroup(means, deliveries));
      if (notTaken) {
        groups.notTaken(notTaken);
        await putBack(notTaken.deliveries, notTaken.inDoubt);
      }
      onDelivered(deliveries.length - (notTaken?.deliveries.length ?? 0));
    });
  }

  function start(call: () => Promise<void>) {
    gate.begun();
    const promise = call()
      .catch((error) => void failed(error))
      .finally(() => underWay.delete(promise));
    underWay.add(promise);
  }

  return {
    run,
    lookAgain: () => look(),
    stop() {
      stopped = true;
      look();
    },
  };
}

function claimUnlessPaused(
  { write, clock }: MiddlewareContext,
  most: Omit<Parameters<typeof claimDue>[1], 'now'>,
): Promise<Claim> {
  return write(async (trx) => {
    if (await isPaused(trx)) return { deliveries: [], grouped: false };
    return claimDue(trx, { ...most, now: clock.now().toISOString() });
  });
}

async function isPaused(db: MiddlewareContext['db']): Promise<boolean> {
  return (await readFact(db, 'paused')) !== undefined;
}
