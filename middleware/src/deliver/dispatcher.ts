import type { MiddlewareContext } from '../context.ts';
import { type Claim, type ClaimOptions, claimDue, claimProbe, type ProbeOptions, returnClaims } from '../db/claims.ts';
import { readFact } from '../db/facts.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Gate } from '../pace/gate.ts';
import { createGroups, groupMin } from '../pace/groups.ts';
import { createCalls } from './calls.ts';
import { freeLeftOver } from './left-over.ts';

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

type Means = {
  /** Throws unless the ledger is this process's to work on. */
  ensureOwner: () => Promise<void>;
  onEnded: (attempts: number) => void;
};

/** Claims what is due and delivers it, as much at once as the gate allows; `onEnded` after each call. */
export function createDrain(context: MiddlewareContext, gate: Gate, { ensureOwner, onEnded }: Means): Drain {
  const groups = createGroups(context.logger);
  const calls = createCalls(context, gate, groups, { onEnded, onFailed: failed });
  let ready: ClaimedDelivery[] = [];
  let stopped = false;
  let prefersKnown = false;
  let failure: unknown;
  let look = () => {};

  async function run(): Promise<void> {
    failure = undefined;
    await ensureOwner();
    await freeLeftOver(context);
    for (;;) {
      const looked = new Promise<void>((resolve) => {
        look = resolve;
      });
      while (await takeUp().catch(failed)) {} // groups, until there is no more room
      while (ready.length > 0 && gate.room(calls.count()) > 0) calls.startOne(ready.shift() as ClaimedDelivery);
      if (!calls.areOver()) await calls.anyEnded(looked);
      // what was claimed as the breaker opened is to be put back
      else if (ready.length === 0) break;
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
    if (ready.length > 0 && (halted || (await isPaused(context.db)))) await putBack(ready.splice(0));
    const isFull = () => gate.room(calls.count()) === 0;
    if (stopped || failure !== undefined || isFull() || ready.length > 0 || groups.isFull()) return false;
    await ensureOwner();
    // a breaker may have opened meanwhile
    if (isFull()) return false;
    const claim = await claimUnlessPaused(context, limits(gate.room(calls.count())));
    const mayGo = claim.grouped && gate.takesGroups();
    if (mayGo) calls.startGroup(claim.deliveries);
    else if (claim.grouped) await putBack(claim.deliveries);
    else ready = claim.deliveries;
    return mayGo;
  }

  function limits(room: number): Limits {
    if (gate.state() !== 'closed') {
      prefersKnown = !prefersKnown;
      return { prefersKnown };
    }
    if (!gate.takesGroups()) return { singlesMax: room, groupMax: 0, groupMin };
    return { singlesMax: room + aheadMax * context.concurrency, groupMax: groups.size(), groupMin };
  }

  function putBack(deliveries: ClaimedDelivery[]): Promise<void> {
    return context.write((trx) => returnClaims(trx, deliveries, false));
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

type Limits = Pick<ProbeOptions, 'prefersKnown'> | Omit<ClaimOptions, 'now'>;

function claimUnlessPaused({ write, clock }: MiddlewareContext, limits: Limits): Promise<Claim> {
  return write(async (trx) => {
    if (await isPaused(trx)) return { deliveries: [], grouped: false };
    const now = clock.now().toISOString();
    return 'prefersKnown' in limits ? claimProbe(trx, { ...limits, now }) : claimDue(trx, { ...limits, now });
  });
}

async function isPaused(db: MiddlewareContext['db']): Promise<boolean> {
  return (await readFact(db, 'paused')) !== undefined;
}
