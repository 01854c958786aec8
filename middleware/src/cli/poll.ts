import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { createProgress } from '@doorstep/kit/cli/progress.ts';
import { getStatus } from '../queries/get-status.ts';
import { createSync } from '../sync.ts';
import type { CommandMeans } from './means.ts';

export const pollCommand: Command<CommandMeans> = {
  summary: 'ask the CRM for new customers now',
  details: 'If no daemon is running, the command also delivers everything that is due.',
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
    const { outcome = 'failed', seen = 0, reason } = sync.lastPoll() ?? {};
    return { outcome, seen, ...(reason !== undefined && { reason }) };
  } finally {
    clearInterval(timer);
    progress.end();
    await sync.stop();
    await lock.release();
  }
}
