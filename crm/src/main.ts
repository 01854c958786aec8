import { runCommandOrService } from '@doorstep/kit/process/lifecycle.ts';
import { readCrmConfig } from './config.ts';
import { startCrm } from './crm.ts';

await runCommandOrService(
  process.env,
  // the service does not need the command line, so it is loaded only for a command
  async (words) => (await import('./cli/command-line.ts')).runCommandLine(words, process.env, process),
  async () => startCrm(readCrmConfig(process.env)),
);
