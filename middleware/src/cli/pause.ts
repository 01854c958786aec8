import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { z } from 'zod';
import { pause, resume } from '../commands/pause.ts';
import { pauseReason } from '../http/filters.ts';
import type { CommandMeans } from './means.ts';
import { hindrance } from './outlook.ts';

export const pauseCommand: Command<CommandMeans> = {
  summary: 'stop delivering until "resume"',
  details: 'The pause survives a restart of the daemon. Polls continue: new customers are recorded and wait.',
  forms: ['[--reason TEXT]'],
  options: { '--reason <TEXT>': 'shown by status, explain and the log' },
  examples: ['', '--reason maintenance'],
  async run({ context, values, print }) {
    await pause(context, parse(z.object({ reason: pauseReason.optional() }), values));
    print(
      values['json']
        ? JSON.stringify({ paused: true })
        : 'Paused. New customers are recorded and wait; "resume" delivers to them.',
    );
    return exitCodes.done;
  },
};

export const resumeCommand: Command<CommandMeans> = {
  summary: 'deliver again after "pause"',
  details: 'If ids of the CRM belong to other people now, deliveries stay stopped unless these are accepted.',
  forms: ['[--accept]'],
  options: { '--accept': 'the ids belong to the same people as before, whose records were edited' },
  examples: ['', '--accept'],
  async run(means) {
    const { context, values, print } = means;
    await resume(context, { accept: Boolean(values['accept']) });
    await means.daemon.wake();
    const outlook = (await hindrance(means)) ?? 'deliveries continue';
    print(values['json'] ? JSON.stringify({ paused: false }) : `Resumed; ${outlook}.`);
    return exitCodes.done;
  },
};
