import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import type { Attempted } from '../attempted.ts';
import type { MiddlewareContext } from '../context.ts';
import { freeFailedSince } from '../db/claims.ts';
import type { Retry } from '../delivery.ts';
import type { Breaker } from './breaker.ts';
import type { Growth } from './growth.ts';

/** What the answers say of the Inventory's health. */
export type Health = {
  /** If these attempts close the breaker, all deliveries that waited for it are made due. */
  learn(attempted: Attempted[]): Promise<void>;
  learnedNothing(): void;
  /** Corrects whose fault a failure is, now that the other answers are known. */
  blame(attempted: Attempted[]): Attempted[];
};

/** Times in the ledger are rounded to milliseconds. */
const roundingMs = 2;

export function createHealth(context: MiddlewareContext, breaker: Breaker, growth: Growth): Health {
  const { clock, metrics, write } = context;
  const outage = createOutageLog(context, {
    meanwhile: 'the breaker is open: one probe per poll, and no other attempts',
    over: 'the breaker is closed: the Inventory answers again',
  });
  let lastGood: { at: string; ms: number } | undefined;

  async function good() {
    lastGood = { at: clock.now().toISOString(), ms: clock.monotonicMs() };
    const ended = breaker.good();
    growth.good();
    if (!ended) return;
    outage.back();
    await write((trx) => freeFailedSince(trx, { since: ended.since, now: clock.now().toISOString() }));
  }

  function bad(failures: Failure[]) {
    growth.bad();
    const ids = failures.map(({ delivery }) => delivery.customerId);
    const afterMs = Math.max(...failures.map(({ outcome }) => outcome.afterMs ?? 0));
    if (breaker.bad(ids, afterMs)) growth.reset();
    if (breaker.state().kind !== 'closed') outage.away(failures[0]?.outcome.reason ?? '');
  }

  function learnedNothing() {
    if (breaker.state().kind === 'half-open') breaker.bad([]);
  }

  /** Whether the Inventory has answered well since: by the time and by how long ago, for the clock may have been set. */
  function wasGoodSince(time: string | undefined): boolean {
    if (time === undefined || lastGood === undefined) return false;
    const agoMs = clock.now().getTime() - Date.parse(time);
    return lastGood.at > time && clock.monotonicMs() - lastGood.ms + roundingMs < agoMs;
  }

  return {
    async learn(attempted) {
      const tried = attempted.filter((one) => one.endedAt !== 'read' && !isUndecided(one));
      if (tried.length === 0) return attempted.some(isUndecided) ? breaker.probeUnused() : learnedNothing();
      const failures = tried.filter(isInventoryFailure);
      if (failures.length < tried.length) await good();
      else bad(failures);
      metrics.breakerOpen.set(breaker.state().kind === 'closed' ? 0 : 1);
    },
    learnedNothing,
    blame(attempted) {
      // a customer that fails again although others succeeded is the cause itself; one of a group may fail because of another
      const [only] = attempted;
      if (attempted.length !== 1 || !only || !isInventoryFailure(only)) return attempted;
      if (!wasGoodSince(only.delivery.failedAt)) return attempted;
      return [{ ...only, outcome: { ...only.outcome, whose: 'customer' } }];
    },
  };
}

/** A look-up that cannot replace a post says nothing of whether posts would succeed. */
function isUndecided({ endedAt, outcome: { kind } }: Attempted): boolean {
  return endedAt === 'look' && (kind === 'unsettled' || kind === 'held');
}

type Failure = Attempted & { outcome: Retry };

function isInventoryFailure(attempt: Attempted): attempt is Failure {
  return attempt.outcome.kind === 'retry' && attempt.outcome.whose === 'inventory';
}
