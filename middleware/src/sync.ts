import { StartError } from '@doorstep/kit/errors.ts';
import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import { singleFlight } from '@doorstep/kit/work/single-flight.ts';
import type { MiddlewareContext } from './context.ts';
import { isAnybodyWaiting, nextDueAt } from './db/deliveries.ts';
import { createDispatcher } from './deliver/dispatcher.ts';
import { createReader } from './deliver/reader.ts';
import { onlyKnown, watchPause } from './deliver/take-up.ts';
import { type CrmList, createListWatch } from './intake/list-watch.ts';
import { createPoll, type PollResult } from './intake/poll.ts';
import { createPollLog } from './intake/poll-log.ts';
import { createGate, type Gate } from './pace/gate.ts';
import { createReporter } from './report.ts';

type LastPoll = { at: string; outcome: PollResult['outcome']; seen: number; reason?: string };

export type Sync = {
  /** One poll; what it finds is delivered in the background. Never throws; a call during a poll joins it. */
  poll(): Promise<void>;
  /** A poll that begins after this call, so that it sees everything that exists now. Gives its result; undefined once stopped. */
  pollAnew(): Promise<LastPoll | undefined>;
  /** Delivers what is due and reports it, until nothing is left to do now. Never throws. */
  settle(): Promise<void>;
  /** A poll, and everything that follows from it. */
  runOnce(): Promise<void>;
  lastPoll(): LastPoll | undefined;
  /** The list of a CRM that ignores `after`. */
  crmList(): CrmList | null;
  breaker(): 'closed' | 'open' | 'half-open';
  /** Aborted once `stop` is called. */
  stopping: AbortSignal;
  /** Claims nothing new; resolves when everything under way has ended. */
  stop(): Promise<void>;
};

/**
 * The middleware's work: poll → record → deliver → report. The daemon calls `poll` on its schedule, tests call `runOnce`;
 * in between, the next due delivery wakes it. Polling goes on while deliveries are slow. `ensureOwner` throws unless the
 * ledger belongs to this process.
 */
export function createSync(context: MiddlewareContext, ensureOwner: () => Promise<void>): Sync {
  const { clock, db, metrics } = context;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  const gate = createGate(context);
  const delivery = createDelivery(context, { gate, ensureOwner, stopping: stopping.signal });
  const pollAndRecord = createPoll(context);
  const logPoll = createPollLog(context);
  const listWatch = createListWatch(context);
  const polling = singleFlight(poll);
  let lastPoll: LastPoll | undefined;
  let isLedgerUsable = false;

  async function poll(): Promise<void> {
    if (isStopping()) return;
    const at = clock.now().toISOString();
    const result = await pollLedgerAndSource();
    const { outcome, seen, reason } = result;
    lastPoll = { at, outcome, seen, ...(reason !== undefined && { reason }) };
    metrics.polls.inc({ outcome });
    logPoll(result);
    listWatch.polled(result);
    if (!isLedgerUsable || isStopping()) return;
    gate.polled();
    if (outcome !== 'failed') delivery.crmAnswered();
    void delivery.settle();
  }

  async function pollLedgerAndSource(): Promise<PollResult> {
    try {
      await ensureOwner();
      const isBack = !isLedgerUsable;
      isLedgerUsable = true;
      // deliveries that are in the ledger already need not wait for a slow CRM
      if (isBack && (await isAnybodyWaiting(db))) deliverInBackground();
      const result = await pollAndRecord(deliverInBackground);
      metrics.customersSeen.inc(result.seen);
      return result;
    } catch (error) {
      isLedgerUsable = false;
      const { message } = error as Error;
      const reason = error instanceof StartError ? message : `the ledger cannot be used: ${message}`;
      return { outcome: 'failed', seen: 0, cursor: 0, reason };
    }
  }

  /** Gives whether it may: no further page is read while nothing can be delivered. */
  function deliverInBackground(): boolean {
    const mayDeliver = isLedgerUsable && !isStopping();
    if (mayDeliver) void delivery.settle();
    return mayDeliver;
  }

  return {
    poll: polling.join,
    async pollAnew() {
      await polling.again();
      return isStopping() ? undefined : lastPoll;
    },
    settle: delivery.settle,
    async runOnce() {
      await polling.join();
      await delivery.settle();
    },
    lastPoll: () => lastPoll,
    crmList: listWatch.list,
    breaker: gate.breaker,
    stopping: stopping.signal,
    async stop() {
      stopping.abort();
      await Promise.all([polling.idle(), delivery.end()]);
    },
  };
}

const shortestWaitMs = 100;
const longestTimerMs = 2 ** 31 - 1;

type Means = { gate: Gate; ensureOwner: () => Promise<void>; stopping: AbortSignal };

/** Everything after recording. */
function createDelivery(context: MiddlewareContext, { gate, ensureOwner, stopping }: Means) {
  const { clock, db } = context;
  const ledger = createOutageLog(context, { meanwhile: 'deliveries wait', over: 'the ledger can be used again' });
  const isPaused = watchPause(context);
  const reporter = createReporter(context);
  const reader = createReader(context);
  const dispatcher = createDispatcher(context, { gate, reader, ensureOwner, stopping, onStored: () => void report() });
  const delivering = singleFlight(deliverDue);
  let retryTimer: NodeJS.Timeout | undefined;
  let mayWait = true;

  async function settle(): Promise<void> {
    dispatcher.lookAgain();
    await delivering.again();
    // a CRM that is slow to take reports delays no delivery
    await report();
    if (mayWait) await reporter.progress().catch(ledgerFailed);
  }

  async function deliverDue(): Promise<void> {
    try {
      await dispatcher.run();
      // an open breaker waits for the next poll, and paused deliveries for a person
      const goesOn = !(await isPaused()) && !stopping.aborted && gate.breaker() === 'closed';
      const due = goesOn ? await nextDueAt(db, onlyKnown(clock, reader)) : undefined;
      mayWait = !goesOn || due !== undefined || reader.pauseMs() > 0;
      wakeAt(due, reader.pauseMs());
      ledger.back();
    } catch (error) {
      ledgerFailed(error);
    }
  }

  /** The retry schedule keeps its own time, however rarely the CRM is polled. */
  function wakeAt(due: string | undefined, crmPauseMs: number) {
    clearTimeout(retryTimer);
    if ((due === undefined && crmPauseMs === 0) || stopping.aborted) return;
    const dueInMs = due === undefined ? longestTimerMs : Date.parse(due) - clock.now().getTime();
    const waitMs = Math.max(crmPauseMs > 0 ? Math.min(dueInMs, crmPauseMs) : dueInMs, shortestWaitMs);
    retryTimer = setTimeout(settle, Math.min(waitMs, longestTimerMs));
  }

  function report(): Promise<void> {
    return reporter.run().catch(ledgerFailed);
  }

  function ledgerFailed(error: unknown) {
    ledger.away(`the ledger cannot be used: ${(error as Error).message}`, error);
  }

  return {
    settle,
    crmAnswered: reader.crmAnswered,
    /** Once `stopping` is aborted: resolves when every call is stored and reported. */
    async end(): Promise<void> {
      clearTimeout(retryTimer);
      await delivering.idle();
      await report();
    },
  };
}
