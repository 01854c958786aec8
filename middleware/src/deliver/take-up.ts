import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import type { MiddlewareContext } from '../context.ts';
import { type Claim, claimDue, claimProbe, freeInterrupted, freeStranded, returnClaims } from '../db/claims.ts';
import { readFact } from '../db/facts.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Allowance, Gate } from '../pace/gate.ts';
import { longestWaitMs } from './decide.ts';

export type TakeUp = {
  /** Claims what may begin now. Gives the deliveries of the next call: a group, or one by itself; undefined: none. */
  next(): Promise<ClaimedDelivery[] | undefined>;
  /** Whether claims wait for a free place. */
  isWaiting(): boolean;
  /** The ledger could not be written: the next run finds these claims interrupted. */
  abandon(): void;
};

type Means = {
  gate: Gate;
  /** @throws unless the ledger belongs to this process. */
  ensureOwner: () => Promise<void>;
  stopping: AbortSignal;
};

export function createTakeUp(context: MiddlewareContext, { gate, ensureOwner, stopping }: Means): TakeUp {
  let ready: ClaimedDelivery[] = [];

  /** A claim that has waited goes on only while nothing speaks against it. */
  async function nextReady(): Promise<ClaimedDelivery[] | undefined> {
    const allowance = gate.allows();
    const isHalted = stopping.aborted || allowance.kind !== 'calls';
    if (!isHalted && allowance.room === 0) return undefined;
    if (isHalted || (await isPaused(context.db))) await putBack(ready.splice(0));
    return nextThatFits();
  }

  function nextThatFits(): ClaimedDelivery[] | undefined {
    return ready.length > 0 && mayBegin(gate.allows()) ? ready.splice(0, 1) : undefined;
  }

  async function claim(): Promise<ClaimedDelivery[] | undefined> {
    if (stopping.aborted || !mayBegin(gate.allows())) return undefined;
    await ensureOwner();
    // the breaker may have opened meanwhile
    const allowance = gate.allows();
    if (!mayBegin(allowance)) return undefined;
    const { deliveries, grouped } = await claimUnlessPaused(context, allowance);
    if (!grouped) {
      ready = deliveries;
      return nextThatFits();
    }
    const now = gate.allows();
    if (now.kind === 'calls' && now.groupMax > 0) return deliveries;
    await putBack(deliveries);
    return undefined;
  }

  function putBack(deliveries: ClaimedDelivery[]): Promise<void> {
    return context.write((trx) => returnClaims(trx, deliveries, false));
  }

  return {
    async next() {
      if (ready.length > 0) {
        const taken = await nextReady();
        if (taken || ready.length > 0) return taken;
      }
      return claim();
    },
    isWaiting: () => ready.length > 0,
    abandon() {
      ready = [];
    },
  };
}

function mayBegin(allowance: Allowance): allowance is Exclude<Allowance, { kind: 'nothing' }> {
  return allowance.kind === 'probe' || (allowance.kind === 'calls' && allowance.room > 0);
}

function claimUnlessPaused(
  { write, clock }: MiddlewareContext,
  allowance: Exclude<Allowance, { kind: 'nothing' }>,
): Promise<Claim> {
  return write(async (trx) => {
    if (await isPaused(trx)) return { deliveries: [], grouped: false };
    const now = clock.now().toISOString();
    return allowance.kind === 'probe' ? claimProbe(trx, { ...allowance, now }) : claimDue(trx, { ...allowance, now });
  });
}

async function isPaused(db: MiddlewareContext['db']): Promise<boolean> {
  return (await readFact(db, 'paused')) !== undefined;
}

/** Asks whether deliveries are paused, and logs it. */
export function watchPause(context: MiddlewareContext): () => Promise<boolean> {
  const pause = createOutageLog(context, { meanwhile: 'customers are recorded and wait', over: 'deliveries go on' });
  return async () => {
    const since = await readFact(context.db, 'paused');
    if (since === undefined) pause.back();
    else pause.away(`deliveries are paused since ${since.slice(0, 19).replace('T', ' ')}`);
    return since !== undefined;
  };
}

/** A clock that is set back by less is only corrected; no wait is cut short for that. */
const correctionMaxMs = 60_000;

/** Frees the claims of an interrupted run, and makes due what a clock that was set back has left in the future. */
export async function freeLeftOver({ write, clock, waitsMs }: MiddlewareContext): Promise<void> {
  const nowMs = clock.now().getTime();
  const now = new Date(nowMs).toISOString();
  const latestDueAt = new Date(nowMs + longestWaitMs(waitsMs)).toISOString();
  const latestUpdatedAt = new Date(nowMs + correctionMaxMs).toISOString();
  await write(async (trx) => {
    await freeInterrupted(trx);
    // an interrupted delivery may be stranded as well
    await freeStranded(trx, { now, latestDueAt, latestUpdatedAt });
  });
}
