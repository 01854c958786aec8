import { explainStrangers } from '../queries/find-stranger.ts';
import { getStatus } from '../queries/get-status.ts';
import type { CommandMeans } from './means.ts';

/** Why no delivery is made at the moment; undefined if deliveries go on. */
export async function hindrance({
  context,
  daemon,
}: Pick<CommandMeans, 'context' | 'daemon'>): Promise<string | undefined> {
  const strangers = await explainStrangers(context);
  if (strangers) return `deliveries are stopped: ${strangers}`;
  const { pause } = await getStatus(context);
  if (pause) return `deliveries are paused until "resume"${pause.reason === null ? '' : `: ${pause.reason}`}`;
  const status = await daemon.status();
  if (!status) return 'the daemon is not running: start it, or run "poll"';
  if (status.breaker === 'closed') return undefined;
  return 'the breaker is open: the Inventory fails for every customer, and each poll sends one probe';
}
