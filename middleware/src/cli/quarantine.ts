import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { feedQuery } from '@doorstep/kit/http/feed.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { inLine } from '@doorstep/kit/text/printable.ts';
import { z } from 'zod';
import { listQuarantined } from '../queries/list-quarantined.ts';
import type { CommandMeans } from './means.ts';
import { time } from './words.ts';

export const quarantineCommand: Command<CommandMeans> = {
  usage: [['[--after ID] [--limit 50]', 'entries of the CRM that no delivery could be made of']],
  options: { after: { type: 'string' }, limit: { type: 'string' } },
  positionalsMax: 0,
  async run({ context, values, print, say }) {
    const query = parse(z.object(feedQuery), { limit: '50', ...values });
    const found = await listQuarantined(context, query);
    const shown = found.slice(0, query.limit);
    if (values['json']) print(JSON.stringify(shown));
    else if (shown.length === 0) say('There are none.');
    else for (const { seen_at, reason, entry } of shown) print(inLine(`${time(seen_at)}  ${reason}: ${entry}`));
    if (found.length > shown.length) say(`There are more: --after ${shown.at(-1)?.id}`);
    return exitCodes.done;
  },
};
