import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { MiddlewareContext } from '../context.ts';
import { type CustomerKey, skippedReason } from '../delivery.ts';
import { findCustomer } from '../intake/find-named.ts';
import { getDelivery } from '../queries/deliveries.ts';
import { findStranger } from '../queries/find-stranger.ts';
import { getStatus } from '../queries/get-status.ts';
import type { CommandMeans } from './means.ts';
import { hindrance } from './outlook.ts';
import { customerId, customerIdIs, table, time } from './words.ts';

type Delivery = Awaited<ReturnType<typeof getDelivery>>;

export const explainCommand: Command<CommandMeans> = {
  summary: 'explain why a customer has a package, or has none yet',
  details: 'Shows each attempt with its calls and their answers, and when the next one is due.',
  forms: ['ID'],
  arguments: { ID: customerIdIs },
  examples: ['4711'],
  async run(means) {
    const { context, positionals, values, print } = means;
    const id = customerId(context, positionals[0]);
    try {
      const delivery = await getDelivery(context, id);
      print(...(values['json'] ? [JSON.stringify(delivery)] : await show(means, delivery)));
      return exitCodes.done;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return explainUnseen(means, id);
    }
  },
};

/** The ledger does not know the customer; perhaps the CRM does. */
async function explainUnseen({ context, values, print, say }: CommandMeans, id: CustomerKey): Promise<number> {
  const page = await findCustomer(context.source, id);
  if (page.kind !== 'read') {
    say(`No poll has seen customer ${id}, and the CRM cannot be read: ${page.reason}.`);
    return exitCodes.unable;
  }
  const { customer } = page;
  const { cursor } = await getStatus(context);
  const reason = !customer
    ? `The CRM ${page.isPart ? 'shows only a part of its list, without' : 'has no'} customer ${id}.`
    : typeof id === 'string' || typeof cursor === 'string' || id > cursor
      ? `Customer ${id} (${customer.name}) is in the CRM, and the next poll records it; the last recorded id is ${cursor}.`
      : `Customer ${id} (${customer.name}) appeared in the CRM behind the cursor (${cursor}), so polls miss it; "reconcile --repair" delivers it.`;
  print(values['json'] ? JSON.stringify({ customer_id: id, state: null, error: reason }) : reason);
  return exitCodes.no;
}

async function show(means: CommandMeans, delivery: Delivery): Promise<string[]> {
  const { customer_id, customer_name, state, recorded_at, attempts_removed_until, history } = delivery;
  const lines = [`Customer ${customer_id} (${customer_name}): ${verdict(means.context, delivery)}`];
  const stranger = await findStranger(means.context, customer_id);
  const waits = state === 'pending' || state === 'retrying';
  const hindered = waits && !stranger ? await hindrance(means) : undefined;
  if (stranger) lines.push(`Deliveries are stopped: ${stranger}.`);
  else if (hindered) lines.push(`At the moment ${hindered}.`);
  lines.push('', `${time(recorded_at)}  recorded in the ledger`);
  if (attempts_removed_until) {
    lines.push(`${time(attempts_removed_until)}  its attempts up to this time were removed (RETENTION_DAYS)`);
  }
  const rows = history.flatMap((attempt, index) => [
    [
      time(attempt.started_at),
      `attempt ${index + 1}`,
      attempt.status ?? (attempt.error === null ? 'look-up' : 'no answer'),
      attempt.duration_ms === null ? '' : `${attempt.duration_ms} ms`,
      attempt.error ?? (attempt.status === null ? 'the package already existed' : 'the package exists'),
    ],
    ...callRows(attempt.calls),
  ]);
  return [...lines, ...table(rows)];
}

/** Nothing for an attempt of one call, whose own line says it all. */
function callRows(calls: Delivery['history'][number]['calls']): (string | number)[][] {
  if (calls.length < 2) return [];
  return calls.map(({ at, kind, status, error, duration_ms }) => [
    time(at),
    `  ${kind}`,
    status ?? 'no answer',
    `${duration_ms} ms`,
    error ?? '',
  ]);
}

function verdict({ clock }: MiddlewareContext, delivery: Delivery): string {
  const { state, package_id, updated_at, error, next_attempt_at } = delivery;
  if (state === 'delivered') return `package ${package_id}, since ${time(updated_at)}`;
  if (state === 'held') return `held, because ${error}`;
  if (state === 'dead')
    return `no package, and no further attempt, because ${error}. "replay ${delivery.customer_id}" tries again.`;
  if (state === 'skipped')
    return `no package, skipped: ${skippedReason}. "replay ${delivery.customer_id}" delivers one.`;
  const waitMs = next_attempt_at ? Date.parse(next_attempt_at) - clock.now().getTime() : 0;
  const when = waitMs > 0 ? `next attempt in ${formatDuration(waitMs)}` : 'the next attempt is due';
  return error ? `no package yet, because ${error}; ${when}` : `no package yet; ${when}`;
}
