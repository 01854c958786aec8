import { runCommandOrService } from '@doorstep/kit/process/lifecycle.ts';
import { readInventoryConfig } from './config.ts';
import { startInventory } from './inventory.ts';

await runCommandOrService(
  process.env,
  // imported on demand: the service does not need the command line
  async (words) => (await import('./cli/command-line.ts')).runCommandLine(words, process.env, process),
  async () => startInventory(readInventoryConfig(process.env)),
);
