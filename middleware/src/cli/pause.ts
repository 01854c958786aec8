import { type Command, exitCodes } from '@doorstep/kit/cli/command.ts';
import { pause, resume } from '../commands/pause.ts';
import type { CommandMeans } from './means.ts';
import { hindrance } from './outlook.ts';

export const pauseCommand: Command<CommandMeans> = {
  usage: [['', 'deliver nothing more, over restarts too, until resumed; polls go on']],
  options: {},
  positionalsMax: 0,
  async run({ context, values, print }) {
    await pause(context);
    print(
      values['json']
        ? JSON.stringify({ paused: true })
        : 'Paused. Customers are recorded and wait; "resume" delivers them.',
    );
    return exitCodes.done;
  },
};

export const resumeCommand: Command<CommandMeans> = {
  usage: [['', 'deliver again']],
  options: {},
  positionalsMax: 0,
  async run(means) {
    const { context, values, print } = means;
    await resume(context);
    await means.daemon.wake();
    const outlook = (await hindrance(means)) ?? 'deliveries go on';
    print(values['json'] ? JSON.stringify({ paused: false }) : `Not paused any more; ${outlook}.`);
    return exitCodes.done;
  },
};
