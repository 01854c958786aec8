import { StartError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from './context.ts';
import { isAnybodyWaiting } from './db/deliveries.ts';
import { createPoll, type PollResult } from './intake/poll.ts';
import { createPollLog } from './intake/poll-log.ts';
import { createSettler, type Settler } from './settle.ts';

type LastPoll = { at: string; outcome: PollResult['outcome']; seen: number; reason?: string };

export type Sync = Settler & {
  /** One poll; what it finds is delivered in the background. Never throws; a call while one is under way joins it. */
  poll(): Promise<void>;
  /**
   * As `poll`, but where one is under way another follows it, which sees everything that was there at the call. Gives how
   * it went; undefined once stopped.
   */
  pollAnew(): Promise<LastPoll | undefined>;
  /** A poll, and everything that follows from it. */
  runOnce(): Promise<void>;
  lastPoll(): LastPoll | undefined;
};

/**
 * The middleware's work, one step at a time: the daemon calls `poll` on its schedule, tests call `runOnce`. Polling goes
 * on while deliveries are slow. `ensureOwner` throws unless this process is the one to work on the ledger.
 */
export function createSync(context: MiddlewareContext, ensureOwner: () => Promise<void>): Sync {
  const { clock, metrics } = context;
  const pollLog = createPollLog(context);
  const settler = createSettler(context, ensureOwner);
  const poll = createPoll(context);
  let lastPoll: LastPoll | undefined;
  let polling: Promise<void> | undefined;
  let stopped = false;
  /** Whether the ledger is there, and ours. */
  let usable = false;

  function deliver(): boolean {
    const able = usable && !stopped;
    if (able) void settler.settle();
    return able;
  }

  async function attempt(): Promise<PollResult> {
    try {
      await ensureOwner();
      const isBack = !usable;
      usable = true;
      // who is in the ledger already need not wait for a CRM that is slow to answer
      if (isBack && (await isAnybodyWaiting(context.db))) deliver();
      const result = await poll(deliver);
      metrics.customersSeen.inc(result.seen);
      return result;
    } catch (error) {
      usable = false;
      const { message } = error as Error;
      const reason = error instanceof StartError ? message : `the ledger cannot be used: ${message}`;
      return { outcome: 'failed', seen: 0, cursor: 0, reason };
    }
  }

  async function pollOnce() {
    if (stopped) return;
    const at = clock.now().toISOString();
    const result = await attempt();
    metrics.polls.inc({ outcome: result.outcome });
    const { outcome, seen, reason } = result;
    lastPoll = { at, outcome, seen, ...(reason !== undefined && { reason }) };
    pollLog(result);
    if (usable && !stopped) void settler.settleAfterPoll();
  }

  function startPoll(): Promise<void> {
    polling ??= pollOnce().finally(() => {
      polling = undefined;
    });
    return polling;
  }

  return {
    poll: startPoll,
    async pollAnew() {
      await polling;
      await startPoll();
      return stopped ? undefined : lastPoll;
    },
    async runOnce() {
      await startPoll();
      await settler.settle();
    },
    ...settler,
    lastPoll: () => lastPoll,
    async stop() {
      stopped = true;
      await Promise.all([polling, settler.stop()]);
    },
  };
}
