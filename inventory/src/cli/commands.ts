import type { Commands, Introduction } from '@doorstep/kit/cli/command.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import type { CommandMeans } from './means.ts';

export const commands: Commands<CommandMeans> = {
  import: importCommand,
  export: exportCommand,
};

export const introduction: Introduction = {
  name: 'inventory',
  about: 'Imports and exports items, whether or not the service is running.',
  exitCodes: {
    0: 'done',
    1: 'some lines are invalid, and nothing was imported',
    2: 'invalid arguments, settings or files',
    3: 'not possible now: the database is unavailable',
  },
};
