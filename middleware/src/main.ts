import { runCommandOrService } from '@doorstep/kit/lifecycle.ts';
import { runCommandLine } from './command-line.ts';
import { readMiddlewareConfig } from './config.ts';
import { startMiddleware } from './middleware.ts';

await runCommandOrService(
  (words) => runCommandLine(words, process.env, process),
  async () => startMiddleware(readMiddlewareConfig(process.env)),
);
