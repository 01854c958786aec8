import type { Commands, Introduction } from '@doorstep/kit/cli/command.ts';
import { checkCommand } from './check.ts';
import { deliveriesCommand } from './deliveries.ts';
import { explainCommand } from './explain.ts';
import type { CommandMeans } from './means.ts';
import { pauseCommand, resumeCommand } from './pause.ts';
import { pollCommand } from './poll.ts';
import { quarantineCommand } from './quarantine.ts';
import { reconcileCommand } from './reconcile.ts';
import { replayCommand } from './replay.ts';
import { settleCommand } from './settle.ts';
import { statusCommand } from './status.ts';

export const commands: Commands<CommandMeans> = {
  check: checkCommand,
  status: statusCommand,
  deliveries: deliveriesCommand,
  explain: explainCommand,
  replay: replayCommand,
  settle: settleCommand,
  poll: pollCommand,
  pause: pauseCommand,
  resume: resumeCommand,
  reconcile: reconcileCommand,
  quarantine: quarantineCommand,
};

export const introduction: Introduction = {
  name: 'middleware',
  about: 'Shows and controls deliveries, whether or not the daemon is running.',
  exitCodes: {
    0: 'done',
    1: 'the answer is no: an unknown customer, remaining exceptions, a failed poll, a failed check',
    2: 'invalid arguments or settings',
    3: 'not possible now: the ledger, the CRM or the Inventory is unavailable',
  },
};
