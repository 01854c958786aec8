import type { Call, Commands, Introduction } from '@doorstep/kit/cli/command.ts';

export const commands: Commands<Call> = {};

export const introduction: Introduction = {
  name: 'crm',
  about:
    'The CRM has no commands yet. Use its HTTP API to read and change customers, leads, actions and processes; a running CRM documents its routes at /docs.',
  exitCodes: { 0: 'done', 2: 'invalid arguments' },
};
