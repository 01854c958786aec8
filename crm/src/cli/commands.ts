import type { Call, Commands, Introduction } from '@doorstep/kit/cli/command.ts';

export const commands: Commands<Call> = {};

export const introduction: Introduction = {
  name: 'crm',
  about:
    'The CRM has no commands yet. Customers, leads, actions and processes are read and changed over HTTP; a running CRM documents its routes under /docs.',
  exitCodes: { 0: 'done', 2: 'wrong words' },
};
