import { runService } from '@doorstep/kit/lifecycle.ts';
import { readInventoryConfig } from './config.ts';
import { startInventory } from './inventory.ts';

await runService(async () => startInventory(readInventoryConfig(process.env)));
