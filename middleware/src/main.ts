import { runCommandOrService } from '@doorstep/kit/process/lifecycle.ts';
import { readMiddlewareConfig } from './config.ts';
import { startMiddleware } from './middleware.ts';

await runCommandOrService(
  process.env,
  // the service has no use for what runs commands
  async (words) => (await import('./cli/command-line.ts')).runCommandLine(words, process.env, process),
  async () => startMiddleware(readMiddlewareConfig(process.env)),
);
