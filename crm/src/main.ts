import { runService } from '@doorstep/kit/process/lifecycle.ts';
import { readCrmConfig } from './config.ts';
import { startCrm } from './crm.ts';

await runService(async () => startCrm(readCrmConfig(process.env)));
