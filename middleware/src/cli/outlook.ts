import { getStatus } from '../queries/get-status.ts';
import type { CommandMeans } from './means.ts';

/** What keeps deliveries from being made; undefined where nothing does. */
export async function hindrance({
  context,
  daemon,
}: Pick<CommandMeans, 'context' | 'daemon'>): Promise<string | undefined> {
  if ((await getStatus(context)).paused) return 'deliveries are paused, and "resume" lets them go on';
  const status = await daemon.status();
  if (!status) return 'the daemon is not running: start it, or run "poll"';
  if (status.breaker === 'closed') return undefined;
  return 'the breaker is open: the Inventory fails for everybody, and is probed once a poll';
}
