import { runCommandOrService } from '@doorstep/kit/process/lifecycle.ts';
import { runCommandLine } from './cli/command-line.ts';
import { readMiddlewareConfig } from './config.ts';
import { startMiddleware } from './middleware.ts';

await runCommandOrService(
  (words) => runCommandLine(words, process.env, process),
  async () => startMiddleware(readMiddlewareConfig(process.env)),
);
