import { runService } from '@doorstep/kit/lifecycle.ts';
import { readMiddlewareConfig } from './config.ts';
import { startMiddleware } from './middleware.ts';

await runService(async () => startMiddleware(readMiddlewareConfig(process.env)));
