import { existsSync } from 'node:fs';
import { exitCodes } from '../cli/command.ts';
import { StartError } from '../errors.ts';

export type Running = AsyncDisposable & {
  /** Where it listens, such as `http://127.0.0.1:3001`. */
  url: string;
};

/** Finishing what is under way may take this long. */
export const shutdownTimeoutMs = 10_000;

/** One Ctrl-C often arrives twice: from the terminal and forwarded by npm. */
const echoMs = 1_000;

/**
 * Runs a service until SIGTERM, SIGINT or the end of the process that started it, then stops it and exits 0.
 * A start that fails exits 1; so does a second signal, at once.
 */
export async function runService(start: () => Promise<Running>): Promise<void> {
  // The reader of our output may go first; that is no reason to stop half-way through a shutdown.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const starting = start();
  onStopRequest(async () => {
    const deadline = setTimeout(() => process.exit(1), shutdownTimeoutMs + 2_000);
    deadline.unref();
    const service = await starting;
    await service[Symbol.asyncDispose]();
    process.exit(0);
  });
  try {
    const { url } = await starting;
    // what it has logged until now comes first
    await new Promise((resolve) => setImmediate(resolve));
    if (process.connected) process.send?.({ ready: url });
  } catch (error) {
    process.stderr.write(`${error instanceof StartError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  }
}

/**
 * Runs the service where the process was given no words. Words are a command, which ends the process with its exit code; `--`
 * before them, as the npm scripts have it, makes a command even of none, so that the script alone shows the help.
 */
export async function runCommandOrService(
  command: (words: string[]) => Promise<number>,
  start: () => Promise<Running>,
): Promise<void> {
  const words = process.argv.slice(2);
  if (words.length === 0) return runService(start);
  // as npm start does, so that a command finds what that has started
  if (existsSync('.env')) process.loadEnvFile('.env');
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return; // who reads may have read enough
    process.stderr.write(`What was asked for cannot be written: ${error.message}.\n`);
    process.exit(exitCodes.unable);
  });
  process.exitCode = await command(words[0] === '--' ? words.slice(1) : words);
}

/** Calls `stop` at the first SIGTERM, SIGINT or loss of the parent; a second signal ends the process at once. */
export function onStopRequest(stop: () => Promise<void>): void {
  let stoppedAt: number | undefined;
  const request = () => {
    if (stoppedAt === undefined) {
      stoppedAt = performance.now();
      void stop();
    } else if (performance.now() - stoppedAt > echoMs) {
      process.exit(1);
    }
  };
  process.on('SIGTERM', request);
  process.on('SIGINT', request);
  process.on('disconnect', request);
  // the parent may have gone while this process was still loading
  if (process.connected === false) request();
}
