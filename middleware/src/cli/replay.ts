import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { z } from 'zod';
import { replay, replayEnded } from '../commands/replay.ts';
import { endRange } from '../http/filters.ts';
import type { CommandMeans } from './means.ts';
import { hindrance } from './outlook.ts';
import { customerId, customerIdIs } from './words.ts';

export const replayCommand: Command<CommandMeans> = {
  summary: 'deliver again: one customer, or all dead or held deliveries',
  details:
    'An existing package is found, not created twice. To replay a held delivery says that the Inventory has no package for it.',
  forms: ['ID', '--dead|--held [--since TIME] [--until TIME]'],
  arguments: { ID: customerIdIs },
  options: {
    '--dead': 'all dead deliveries',
    '--held': 'all held deliveries',
    '--since <TIME>': 'only those that ended so at this time or later',
    '--until <TIME>': 'only those that ended so before this time',
  },
  examples: ['4711', '--dead', '--dead --since 2026-01-31T12:00:00Z'],
  async run(means) {
    const { context, values, positionals, print } = means;
    const isOne = positionals.length === 1;
    const state = values['held'] ? 'held' : 'dead';
    const chosen = [isOne, values['dead'], values['held']].filter(Boolean).length;
    if (chosen !== 1 || (isOne && (values['since'] || values['until']))) {
      throw new AppError('invalid', 'Give a customer id, or --dead or --held with optional --since and --until.');
    }
    let replayed = 1;
    if (isOne) await replay(context, customerId(context, positionals[0]));
    else replayed = await replayEnded(context, { state, ...parse(z.object(endRange), values) });
    await means.daemon.wake();
    if (values['json']) print(JSON.stringify({ replayed }));
    else if (replayed === 0) print(`No ${state} deliveries found.`);
    else {
      const due = replayed === 1 ? '1 delivery is due again' : `${replayed} deliveries are due again`;
      print(`${due}; ${(await hindrance(means)) ?? 'the daemon delivers now'}.`);
    }
    return exitCodes.done;
  },
};
