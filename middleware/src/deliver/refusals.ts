import { printable } from '@doorstep/kit/text/printable.ts';
import type { Finished } from '../attempted.ts';
import { setPause } from '../commands/pause.ts';
import type { MiddlewareContext } from '../context.ts';
import { hasEverDelivered, updateDeliveries } from '../db/deliveries.ts';
import { readFact } from '../db/facts.ts';
import { type CustomerKey, namelessReason } from '../delivery.ts';
import { refusedMin } from '../intake/nameless.ts';
import { startedOver } from '../life-cycle.ts';
import { toRequest } from './attempt.ts';
import { store } from './store.ts';

/** The other side's own words in the reason of a pause. */
const wordsMax = 200;

/**
 * Stops before harm. As long as this ledger has no delivery that was ever delivered, the fifth customer that is refused
 * pauses deliveries: the settings, the Inventory or the records of the CRM are wrong, and not the customers. Those that
 * were refused are given back as pending, for after the resume; none of them dies.
 */
export function createRefusals(context: MiddlewareContext) {
  const { db, write, clock, target, names } = context;
  const refused = new Map<CustomerKey, Finished>();
  let hasDelivered = false;
  let turn: Promise<unknown> = Promise.resolve();

  async function stop(because: Finished): Promise<void> {
    const now = clock.now().toISOString();
    const earlier = [...refused.values()];
    await write(async (trx) => {
      await setPause(trx, { since: now, by: 'doorstep', reason: reasonOf(because) });
      const restarted = earlier.filter(isWithoutEffect);
      await updateDeliveries(
        trx,
        restarted.map(({ delivery, outcome }) =>
          // a later post of theirs may have been lost meanwhile
          startedOver({ ...delivery, beforePost: 'read and look' }, wordsOf(outcome), now),
        ),
      );
    });
    for (const { delivery } of earlier) refused.delete(delivery.customerId);
  }

  function reasonOf({ delivery, outcome, endedAt }: Finished): string {
    const words = printable(wordsOf(outcome)).slice(0, wordsMax);
    if (endedAt === 'read') return `no customer so far has a usable name; customer ${delivery.customerId}: ${words}`;
    const sent = printable(target.show(toRequest(delivery, names)));
    return `no customer so far has got a package; ${sent}: ${words}; expected was 2xx with the id of the package`;
  }

  /** A stop for other people's ids is no such pause. */
  async function hasPaused(): Promise<boolean> {
    const paused = await readFact(db, 'paused');
    return typeof paused === 'object' && paused.by === 'doorstep';
  }

  /** What happens next, now that these are refused too. */
  async function judge(finished: Finished[]): Promise<Finished[]> {
    const fresh = finished.filter(isRefusal);
    for (const one of fresh) refused.set(one.delivery.customerId, one);
    if (await hasEverDelivered(db)) hasDelivered = true;
    // a call that was under way as deliveries were paused changes nothing any more
    const isStopped = refused.size >= refusedMin || (await hasPaused());
    if (hasDelivered || !isStopped) return finished;
    await stop(fresh[0] as Finished);
    return finished.map((one) => (isRefusal(one) && isWithoutEffect(one) ? startOver(one) : one));
  }

  async function judgeAndStore(finished: Finished[]): Promise<Finished[]> {
    const judged = await judge(finished);
    await store(context, judged);
    return judged;
  }

  return {
    /** Whether these ended attempts may be the ones that pause deliveries. */
    concern(finished: Finished[]): boolean {
      hasDelivered ||= finished.some(({ decision }) => decision.state === 'delivered');
      return !hasDelivered && finished.some(isRefusal);
    },
    /** Stores them, one call after the other: each has to know of those before it. Gives what happens next. */
    store(finished: Finished[]): Promise<Finished[]> {
      const stored = turn.then(() => judgeAndStore(finished));
      turn = stored.catch(() => undefined);
      return stored;
    },
    /** Resolves when it is known of all of them whether deliveries go on. */
    decided: () => turn,
  };
}

/** The Inventory has refused the post, or has answered it with something else than a package; or there is no name to post. */
function isRefusal({ outcome, endedAt }: Finished): boolean {
  if (outcome.kind === 'delivered' || endedAt === 'look') return false;
  if (endedAt === 'read') return outcome.reason.startsWith(namelessReason);
  return outcome.kind === 'rejected' || (outcome.status !== undefined && outcome.status < 300);
}

/** Otherwise it has to be looked for, as after any post in doubt. */
function isWithoutEffect({ outcome }: Finished): boolean {
  return outcome.kind === 'rejected' || (outcome.kind === 'retry' && !outcome.inDoubt);
}

function startOver(one: Finished): Finished {
  return { ...one, decision: { state: 'pending', reason: wordsOf(one.outcome) } };
}

function wordsOf(outcome: Finished['outcome']): string {
  return outcome.kind === 'delivered' ? '' : outcome.reason;
}
