import { StartError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from '../context.ts';
import { nextDueAt } from '../db/deliveries.ts';
import { watchBacklog } from './backlog.ts';
import { createDrain } from './drain.ts';
import { type PollResult, poll } from './poll.ts';
import { createPollLog } from './poll-log.ts';
import { createReporter } from './report.ts';

export type LastPoll = { at: string; outcome: PollResult['outcome']; seen: number };

export type Sync = {
  /** One poll; what it finds is delivered in the background. Never throws. */
  poll(): Promise<void>;
  /** Delivers what is due and reports it, until nothing is left to do now. */
  settle(): Promise<void>;
  lastPoll(): LastPoll | undefined;
  /** Takes up nothing new; resolves when what is under way has ended. */
  stop(): Promise<void>;
};

const shortestWaitMs = 100;
const longestTimerMs = 2 ** 31 - 1;

/**
 * The middleware's work, one step at a time: the daemon calls `poll` on its schedule, tests call `poll` and `settle`.
 * Polling goes on while deliveries are slow. `ensureOwner` throws unless this process is the one to work on the ledger.
 */
export function createSync(context: MiddlewareContext, ensureOwner: () => Promise<void>): Sync {
  const { logger, clock, metrics } = context;
  const pollLog = createPollLog(context);
  const reporter = createReporter(context);
  let onDelivered = () => {};
  const drain = createDrain(context, () => {
    onDelivered();
    report();
  });
  let lastPoll: LastPoll | undefined;
  let settling: Promise<void> | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  function report() {
    reporter.run().catch(ledgerFailed);
  }

  function ledgerFailed(error: unknown) {
    logger.error(`the ledger cannot be used: ${(error as Error).message}; deliveries wait for the next poll`, { error });
  }

  async function deliverDue() {
    const backlog = watchBacklog(context);
    onDelivered = backlog.done;
    try {
      await drain.run();
      await reporter.run();
      if (!stopped) wakeAt(await nextDueAt(context.db));
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

  function settle(): Promise<void> {
    if (settling) void drain.run().catch(() => undefined); // it looks again; its failure is told by the run it joins
    settling ??= deliverDue().finally(() => {
      settling = undefined;
    });
    return settling;
  }

  async function attemptPoll(): Promise<PollResult> {
    try {
      await ensureOwner();
      const result = await poll(context, () => void settle());
      metrics.customersSeen.inc(result.seen);
      return result;
    } catch (error) {
      const reason = error instanceof StartError ? error.message : `the ledger cannot be used: ${(error as Error).message}`;
      return { outcome: 'failed', seen: 0, cursor: 0, unusable: 0, reason };
    }
  }

  return {
    async poll() {
      if (stopped) return;
      const at = clock.now().toISOString();
      const result = await attemptPoll();
      metrics.polls.inc({ outcome: result.outcome });
      lastPoll = { at, outcome: result.outcome, seen: result.seen };
      pollLog(result);
      if (!stopped) void settle();
    },
    settle,
    lastPoll: () => lastPoll,
    async stop() {
      stopped = true;
      clearTimeout(retryTimer);
      drain.stop();
      await settling;
    },
  };
}
