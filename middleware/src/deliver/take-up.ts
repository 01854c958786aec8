import type { Clock } from '@doorstep/kit/clock.ts';
import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import type { MiddlewareContext } from '../context.ts';
import { type Claim, claimDue, claimProbe, freeInterrupted, freeStranded, returnClaims } from '../db/claims.ts';
import type { Fresh } from '../db/deliveries.ts';
import { readPause } from '../db/facts.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import type { Allowance, Gate } from '../pace/gate.ts';
import { longestWaitMs } from './decide.ts';
import type { Reader } from './reader.ts';
import { readingAgeMaxMs } from './reading.ts';

export type TakeUp = {
  /** Claims what may begin now. Gives the deliveries of each call: a group, or one by itself. */
  next(): Promise<ClaimedDelivery[][]>;
  /** Whether claims wait for a free place. */
  isWaiting(): boolean;
  /** The ledger could not be written: the next run finds these claims interrupted. */
  abandon(): void;
};

type Means = {
  gate: Gate;
  reader: Reader;
  /** @throws unless the ledger belongs to this process. */
  ensureOwner: () => Promise<void>;
  stopping: AbortSignal;
};

export function createTakeUp(context: MiddlewareContext, { gate, reader, ensureOwner, stopping }: Means): TakeUp {
  let ready: ClaimedDelivery[] = [];

  /** Claims that have waited go on only while nothing speaks against it. */
  async function nextReady(): Promise<ClaimedDelivery[][]> {
    const allowance = gate.allows();
    const isHalted = stopping.aborted || allowance.kind !== 'calls';
    if (!isHalted && allowance.room === 0) return [];
    if (isHalted || (await isPaused(context.db))) await putBack(ready.splice(0));
    return takeReady();
  }

  function takeReady(): ClaimedDelivery[][] {
    return ready.splice(0, roomOf(gate.allows())).map((delivery) => [delivery]);
  }

  async function claim(): Promise<ClaimedDelivery[][]> {
    if (stopping.aborted || roomOf(gate.allows()) === 0) return [];
    await ensureOwner();
    // the breaker may have opened meanwhile
    const allowance = gate.allows();
    if (allowance.kind === 'nothing' || roomOf(allowance) === 0) return [];
    const { deliveries, grouped } = await claimUnlessPaused(context, { allowance, reader });
    if (!grouped) {
      ready = deliveries;
      return takeReady();
    }
    const now = gate.allows();
    if (now.kind === 'calls' && now.groupMax > 0) return [deliveries];
    await putBack(deliveries);
    return [];
  }

  function putBack(deliveries: ClaimedDelivery[]): Promise<void> {
    const now = context.clock.now().toISOString();
    return context.write((trx) => returnClaims(trx, deliveries, { inDoubt: false, now }));
  }

  return {
    async next() {
      if (ready.length > 0) {
        const taken = await nextReady();
        if (taken.length > 0 || ready.length > 0) return taken;
      }
      return claim();
    },
    isWaiting: () => ready.length > 0,
    abandon() {
      ready = [];
    },
  };
}

/** How many calls may begin now. */
function roomOf(allowance: Allowance): number {
  if (allowance.kind === 'calls') return allowance.room;
  return allowance.kind === 'probe' ? 1 : 0;
}

function claimUnlessPaused(
  { write, clock }: MiddlewareContext,
  { allowance, reader }: { allowance: Exclude<Allowance, { kind: 'nothing' }>; reader: Reader },
): Promise<Claim> {
  return write(async (trx) => {
    if (await isPaused(trx)) return { deliveries: [], grouped: false };
    const options = { now: clock.now().toISOString(), onlyKnown: onlyKnown(clock, reader) };
    if (allowance.kind === 'calls') return claimDue(trx, { ...allowance, ...options });
    return claimProbe(trx, { ...allowance, ...options, fresh: freshAt(clock) });
  });
}

/** While the CRM cannot be read, deliveries that need a reading are left where they are. */
export function onlyKnown(clock: Clock, reader: Reader): Fresh | undefined {
  return reader.pauseMs() > 0 ? freshAt(clock) : undefined;
}

function freshAt(clock: Clock): Fresh {
  const nowMs = clock.now().getTime();
  const at = (ms: number) => new Date(ms).toISOString();
  return { since: at(nowMs - readingAgeMaxMs), until: at(nowMs + readingAgeMaxMs) };
}

async function isPaused(db: MiddlewareContext['db']): Promise<boolean> {
  return (await readPause(db)) !== undefined;
}

/** Asks whether deliveries are paused, and logs it. */
export function watchPause(context: MiddlewareContext): () => Promise<boolean> {
  const pause = createOutageLog(context, { meanwhile: 'customers are recorded and wait', over: 'deliveries go on' });
  return async () => {
    const paused = await readPause(context.db);
    if (!paused) pause.back();
    else {
      const why = paused.reason === null ? '' : `: ${paused.reason}`;
      const isTold = paused.by === 'operator' || paused.reason?.includes('"resume');
      const todo = isTold ? '' : '; correct the cause, then "resume"';
      pause.away(`deliveries are paused since ${paused.since.slice(0, 19).replace('T', ' ')}${why}${todo}`);
    }
    return paused !== undefined;
  };
}

/** A clock that is set back by less is only corrected; no wait is cut short for that. */
const correctionMaxMs = 60_000;

/** Frees the claims of an interrupted run, and makes due what a clock that was set back has left in the future. */
export async function freeLeftOver({ write, clock, waitsMs, settling }: MiddlewareContext): Promise<void> {
  const nowMs = clock.now().getTime();
  const now = new Date(nowMs).toISOString();
  const latestDueAt = new Date(nowMs + longestWaitMs(waitsMs)).toISOString();
  const latestUpdatedAt = new Date(nowMs + correctionMaxMs).toISOString();
  await write(async (trx) => {
    // no call is under way, so a post of theirs has ended
    settling.inherit(await freeInterrupted(trx));
    // an interrupted delivery may be stranded as well
    await freeStranded(trx, { now, latestDueAt, latestUpdatedAt });
  });
}
