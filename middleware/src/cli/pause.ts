import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { pause, resume } from '../commands/pause.ts';
import type { CommandMeans } from './means.ts';
import { hindrance } from './outlook.ts';

export const pauseCommand: Command<CommandMeans> = {
  summary: 'stop delivering until "resume"',
  details: 'The pause survives a restart of the daemon. Polls continue: new customers are recorded and wait.',
  forms: [''],
  examples: [''],
  async run({ context, values, print }) {
    await pause(context);
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
