import { StartError } from '@doorstep/kit/errors.ts';
import type { MiddlewareContext } from '../context.ts';
import { type PollResult, poll } from './poll.ts';
import { createPollLog } from './poll-log.ts';
import { createSettler, type Settler } from './settle.ts';

export type LastPoll = { at: string; outcome: PollResult['outcome']; seen: number };

export type Sync = Settler & {
  /** One poll; what it finds is delivered in the background. Never throws. */
  poll(): Promise<void>;
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
  const settler = createSettler(context);
  let lastPoll: LastPoll | undefined;
  let stopped = false;

  async function attempt(): Promise<PollResult> {
    try {
      await ensureOwner();
      const result = await poll(context, () => void settler.settle());
      metrics.customersSeen.inc(result.seen);
      return result;
    } catch (error) {
      const { message } = error as Error;
      const reason = error instanceof StartError ? message : `the ledger cannot be used: ${message}`;
      return { outcome: 'failed', seen: 0, cursor: 0, unusable: 0, reason };
    }
  }

  async function pollOnce() {
    if (stopped) return;
    const at = clock.now().toISOString();
    const result = await attempt();
    metrics.polls.inc({ outcome: result.outcome });
    lastPoll = { at, outcome: result.outcome, seen: result.seen };
    pollLog(result);
    if (!stopped) void settler.settle();
  }

  return {
    poll: pollOnce,
    async runOnce() {
      await pollOnce();
      await settler.settle();
    },
    settle: settler.settle,
    lastPoll: () => lastPoll,
    async stop() {
      stopped = true;
      await settler.stop();
    },
  };
}
