import type { MiddlewareContext } from '../context.ts';
import { freeInterrupted, freeStranded } from '../db/claims.ts';
import { longestWaitMs } from './decide.ts';

/** A clock that is set back by less is only corrected, and nobody's wait is cut short for that. */
const correctionMaxMs = 60_000;

/** Frees what a run that was interrupted has left claimed, and makes due what a clock that was set back has left in the future. */
export async function freeLeftOver({ write, clock, waitsMs }: MiddlewareContext): Promise<void> {
  const nowMs = clock.now().getTime();
  const now = new Date(nowMs).toISOString();
  const latestDueAt = new Date(nowMs + longestWaitMs(waitsMs)).toISOString();
  const latestUpdatedAt = new Date(nowMs + correctionMaxMs).toISOString();
  await write(async (trx) => {
    await freeInterrupted(trx);
    // what was interrupted may be stranded as well
    await freeStranded(trx, { now, latestDueAt, latestUpdatedAt });
  });
}
