import { runCommandOrService } from '@doorstep/kit/lifecycle.ts';
import { runCommandLine } from './command-line.ts';
import { readInventoryConfig } from './config.ts';
import { startInventory } from './inventory.ts';

await runCommandOrService(
  (words) => runCommandLine(words, process.env, process),
  async () => startInventory(readInventoryConfig(process.env)),
);
