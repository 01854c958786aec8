import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { feedLimitMax } from '@doorstep/kit/http/feed.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { skippedReason } from '../delivery.ts';
import { deliveryFilter, deliveryState } from '../http/filters.ts';
import { listDeliveries } from '../queries/deliveries.ts';
import type { CommandMeans } from './means.ts';
import { table, time } from './words.ts';

const limitDefault = '50';

export const deliveriesCommand: Command<CommandMeans> = {
  summary: 'list deliveries in the order of customer ids',
  forms: ['[--state dead] [--after ID] [--limit 50]'],
  options: {
    '--state <STATE>': `only deliveries in this state: ${deliveryState.options.join(', ')}`,
    '--after <ID>': 'only customers with an id above this one',
    '--limit <COUNT>': `how many to list, at most ${feedLimitMax}; default ${limitDefault}`,
  },
  examples: ['--state dead', '--after 4711 --limit 200'],
  async run({ context, values, print, say }) {
    const query = parse(deliveryFilter, { limit: limitDefault, ...values });
    const found = await listDeliveries(context, { ...query, after: context.names.customerOf(query.after) });
    const shown = found.slice(0, query.limit);
    if (values['json']) print(JSON.stringify(shown));
    else if (shown.length === 0) say('No deliveries found.');
    else print(...show(shown));
    if (found.length > shown.length) say(`There are more: --after ${shown.at(-1)?.customer_id}`);
    return exitCodes.done;
  },
};

function show(deliveries: Awaited<ReturnType<typeof listDeliveries>>): string[] {
  const rows = deliveries.map((delivery) => [
    delivery.customer_id,
    delivery.customer_name,
    delivery.state,
    time(delivery.updated_at),
    delivery.state === 'delivered'
      ? `package ${delivery.package_id}`
      : (delivery.error ?? (delivery.state === 'skipped' ? skippedReason : '')),
  ]);
  return table([['customer', 'name', 'state', 'since', ''], ...rows]);
}
