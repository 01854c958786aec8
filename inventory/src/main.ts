import { runCommandOrService } from '@doorstep/kit/process/lifecycle.ts';
import { readInventoryConfig } from './config.ts';
import { startInventory } from './inventory.ts';

await runCommandOrService(
  // the service has no use for what runs commands
  async (words) => (await import('./cli/command-line.ts')).runCommandLine(words, process.env, process),
  async () => startInventory(readInventoryConfig(process.env)),
);
