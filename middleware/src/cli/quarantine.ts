import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { feedLimitMax, feedQuery } from '@doorstep/kit/http/feed.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { z } from 'zod';
import { listQuarantined } from '../queries/list-quarantined.ts';
import type { CommandMeans } from './means.ts';
import { time } from './words.ts';

const limitDefault = '50';

export const quarantineCommand: Command<CommandMeans> = {
  summary: 'list entries of the CRM that could not become deliveries',
  details: 'An entry without a usable id or name is kept here, with the reason.',
  forms: ['[--after ID] [--limit 50]'],
  options: {
    '--after <ID>': 'only entries with an id above this one',
    '--limit <COUNT>': `how many to list, at most ${feedLimitMax}; default ${limitDefault}`,
  },
  examples: ['', '--limit 200'],
  async run({ context, values, print, say }) {
    const query = parse(z.object(feedQuery), { limit: limitDefault, ...values });
    const found = await listQuarantined(context, query);
    const shown = found.slice(0, query.limit);
    if (values['json']) print(JSON.stringify(shown));
    else if (shown.length === 0) say('No entries found.');
    else for (const { seen_at, reason, entry } of shown) print(`${time(seen_at)}  ${reason}: ${entry}`);
    if (found.length > shown.length) say(`There are more: --after ${shown.at(-1)?.id}`);
    return exitCodes.done;
  },
};
