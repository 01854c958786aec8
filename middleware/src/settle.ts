import type { MiddlewareContext } from './context.ts';
import { nextDueAt } from './db/deliveries.ts';
import { readFact } from './db/facts.ts';
import { watchBacklog } from './deliver/backlog.ts';
import { createDrain } from './deliver/dispatcher.ts';
import { createGate } from './pace/gate.ts';
import { createReporter } from './report.ts';
import { createTrouble } from './trouble.ts';

export type Settler = {
  /** Delivers what is due and reports it, until nothing is left to do now. Never throws; a call while it runs joins it. */
  settle(): Promise<void>;
  /** As `settle`, after a poll: an open breaker may be probed once. */
  settleAfterPoll(): Promise<void>;
  breaker(): 'closed' | 'open' | 'half-open';
  /** Takes up nothing new; resolves when what is under way has ended. */
  stop(): Promise<void>;
};

const shortestWaitMs = 100;
const longestTimerMs = 2 ** 31 - 1;

/** Everything after recording. Between calls it wakes itself when the next delivery is due. */
export function createSettler(context: MiddlewareContext, ensureOwner: () => Promise<void>): Settler {
  const { clock, db } = context;
  const ledger = createTrouble(context, { meanwhile: 'deliveries wait', over: 'the ledger can be used again' });
  const isPaused = watchPause(context);
  const reporter = createReporter(context);
  const gate = createGate(context);
  let onEnded = (_count: number) => {};
  const drain = createDrain(context, gate, {
    ensureOwner,
    onEnded(count) {
      onEnded(count);
      reporter.run().catch(ledgerFailed);
    },
  });
  let settling: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let retryTimer: NodeJS.Timeout | undefined;

  function ledgerFailed(error: unknown) {
    ledger.tell(`the ledger cannot be used: ${(error as Error).message}`, error);
  }

  async function deliverDue() {
    const backlog = watchBacklog(context);
    onEnded = backlog.done;
    try {
      await drain.run();
      // an open breaker waits for the next poll, and so does who has paused
      const goesOn = !(await isPaused()) && !stopped && gate.state() === 'closed';
      wakeAt(goesOn ? await nextDueAt(db) : undefined);
      ledger.over();
    } catch (error) {
      ledgerFailed(error);
    } finally {
      backlog.stop();
    }
  }

  /** The retry schedule keeps its own time, however seldom the CRM is polled. */
  function wakeAt(due: string | undefined) {
    clearTimeout(retryTimer);
    if (due === undefined) return;
    const waitMs = Math.max(Date.parse(due) - clock.now().getTime(), shortestWaitMs);
    retryTimer = setTimeout(settle, Math.min(waitMs, longestTimerMs));
  }

  async function settleAll() {
    while (again) {
      again = false;
      await deliverDue();
    }
  }

  async function settle(): Promise<void> {
    again = true;
    drain.lookAgain();
    settling ??= settleAll().finally(() => {
      settling = undefined;
    });
    await settling;
    // a CRM that is slow to take reports holds up no delivery
    await reporter.run().catch(ledgerFailed);
  }

  return {
    settle,
    settleAfterPoll() {
      gate.polled();
      return settle();
    },
    breaker: gate.state,
    async stop() {
      stopped = true;
      clearTimeout(retryTimer);
      drain.stop();
      await settling;
      await reporter.run().catch(ledgerFailed);
    },
  };
}

/** Asks whether somebody has paused, and tells the console of it. */
function watchPause(context: MiddlewareContext): () => Promise<boolean> {
  const trouble = createTrouble(context, { meanwhile: 'customers are recorded and wait', over: 'deliveries go on' });
  return async () => {
    const since = await readFact(context.db, 'paused');
    if (since === undefined) trouble.over();
    else trouble.tell(`deliveries are paused since ${since.slice(0, 19).replace('T', ' ')}`);
    return since !== undefined;
  };
}
