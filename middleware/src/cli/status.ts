import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { DaemonStatus } from '../ports.ts';
import { getStatus } from '../queries/get-status.ts';
import type { CommandMeans } from './means.ts';
import { table, time } from './words.ts';

type Status = Awaited<ReturnType<typeof getStatus>> & {
  daemon: 'running' | 'not running';
  breaker: string | null;
  last_poll: DaemonStatus['last_poll'];
  crm_list: DaemonStatus['crm_list'];
};

export const statusCommand: Command<CommandMeans> = {
  summary: 'show the daemon, the cursor and the counts of deliveries',
  forms: [''],
  examples: ['', '--json'],
  async run({ context, daemon, values, print }) {
    const answer = await daemon.status();
    const status: Status = {
      daemon: answer ? 'running' : 'not running',
      breaker: answer?.breaker ?? null,
      last_poll: answer?.last_poll ?? null,
      crm_list: answer?.crm_list ?? null,
      ...(await getStatus(context)),
    };
    print(...(values['json'] ? [JSON.stringify(status)] : show(status)));
    return exitCodes.done;
  },
};

function show({ daemon, breaker, last_poll, pause, cursor, deliveries, quarantined, ...rest }: Status): string[] {
  const { reconciliation } = rest;
  const waited = rest.oldest_pending_seconds;
  const waits = waited === null ? '' : `, the oldest for ${formatDuration(waited * 1000)}`;
  const rows = [
    ['daemon', pause ? `${daemon}, paused: nothing is delivered` : daemon],
    ...(pause ? [['paused', `since ${time(pause.since)}, by ${pausedBy(pause)}`]] : []),
    ['breaker', breaker ?? 'unknown while the daemon is not running'],
    ['last poll', last_poll ? `${time(last_poll.at)}, ${last_poll.reason ?? last_poll.outcome}` : 'unknown'],
    ...(rest.crm_list?.warning ? [['CRM list', rest.crm_list.warning]] : []),
    ['cursor', `${cursor}, the ${typeof cursor === 'string' ? 'last' : 'highest'} recorded customer id`],
    ['delivered', deliveries.delivered],
    ['waiting', `${deliveries.pending} for a first attempt, ${deliveries.retrying} for a retry${waits}`],
    ['dead', deliveries.dead > 0 ? `${deliveries.dead}; "deliveries --state dead" lists them` : 0],
    ['held', deliveries.held > 0 ? `${deliveries.held} need a person; "deliveries --state held" lists them` : 0],
    ['skipped', deliveries.skipped > 0 ? `${deliveries.skipped} from before START_FROM, without a package` : 0],
    ['quarantined', quarantined > 0 ? `${quarantined} entries of the CRM; "quarantine" lists them` : 0],
    ['reconciled', reconciliation ? `${time(reconciliation.at)}, ${verdict(reconciliation)}` : 'not yet'],
  ];
  return table(rows as (string | number)[][]);
}

function pausedBy({ by, reason }: NonNullable<Status['pause']>): string {
  const who = by === 'operator' ? 'an operator' : 'Doorstep itself';
  return reason === null ? who : `${who}: ${reason}`;
}

function verdict({ proven, exceptions, on_their_way, skipped }: NonNullable<Status['reconciliation']>): string {
  if (proven) return `every customer ${skipped > 0 ? 'since START_FROM ' : ''}had exactly one package`;
  const count = Object.values(exceptions).reduce((sum, one) => sum + one, 0);
  return `${count} ${count === 1 ? 'exception' : 'exceptions'}, ${on_their_way} on their way; "reconcile" compares again`;
}
