import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { createProgress } from '@doorstep/kit/cli/progress.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import { getStatus } from '../queries/get-status.ts';
import { nextSettledAt } from '../queries/next-settled-at.ts';
import { createSync, type Sync } from '../sync.ts';
import type { CommandMeans } from './means.ts';

export const pollCommand: Command<CommandMeans> = {
  summary: 'ask the CRM for new customers now',
  details:
    'If no daemon is running, the command also delivers everything that is due, and waits for posts whose answer was lost.',
  forms: [''],
  examples: [''],
  async run(means) {
    const { daemon, print, say, values } = means;
    const polled = (await daemon.poll()) ?? (await pollHere(means));
    const { outcome, seen, reason } = polled;
    if (values['json']) print(JSON.stringify(polled));
    else if (outcome === 'failed') say(`The poll failed: ${reason}.`);
    else print(seen === 0 ? 'No new customer.' : `${seen} new ${seen === 1 ? 'customer' : 'customers'}.`);
    return outcome === 'failed' ? exitCodes.no : exitCodes.done;
  },
};

/** A post in doubt settles within one life of a process, so a poll that is run every minute would never see its end. */
async function waitUntilSettled({ context, say }: CommandMeans, sync: Sync): Promise<void> {
  for (let isSaid = false; sync.breaker() === 'closed'; ) {
    const settledAt = await nextSettledAt(context);
    if (settledAt === undefined) return;
    const waitMs = Math.max(Date.parse(settledAt) - context.clock.now().getTime(), 0);
    if (!isSaid) say(`The answer to a post was lost; it is looked up in ${formatDuration(waitMs)}.`);
    isSaid = true;
    await sleep(waitMs);
    await sync.settle();
  }
}

/** Does one round of the daemon's work, and holds the ledger's lock meanwhile. */
export async function pollHere(means: CommandMeans) {
  const { context, takeLock } = means;
  const lock = await takeLock();
  const sync = createSync(context, lock.ensure);
  const progress = createProgress(means, 'delivered');
  const before = (await getStatus(context)).deliveries;
  const look = async () => {
    const { delivered, dead, pending } = (await getStatus(context)).deliveries;
    const done = delivered + dead - before.delivered - before.dead;
    progress.show(done, done + pending);
  };
  const timer = setInterval(() => void look().catch(() => undefined), 500);
  try {
    await sync.runOnce();
    await waitUntilSettled(means, sync);
    const { outcome = 'failed', seen = 0, reason } = sync.lastPoll() ?? {};
    return { outcome, seen, ...(reason !== undefined && { reason }) };
  } finally {
    clearInterval(timer);
    progress.end();
    await sync.stop();
    await lock.release();
  }
}
