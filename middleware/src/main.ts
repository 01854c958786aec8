import { existsSync } from 'node:fs';
import { runService } from '@doorstep/kit/lifecycle.ts';
import { runCommandLine } from './command-line.ts';
import { readMiddlewareConfig } from './config.ts';
import { startMiddleware } from './middleware.ts';

const words = process.argv.slice(2);
if (words.length === 0) {
  await runService(async () => startMiddleware(readMiddlewareConfig(process.env)));
} else {
  // as npm start does, so that a command finds what that has started
  if (existsSync('.env')) process.loadEnvFile('.env');
  process.stdout.on('error', () => undefined); // who reads may have read enough
  process.exitCode = await runCommandLine(words, process.env, process);
}
