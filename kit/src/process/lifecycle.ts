import { exitCodes } from '../cli/command.ts';
import { StartError } from '../errors.ts';
import { describeError } from '../text/describe-error.ts';
import { printable } from '../text/printable.ts';
import { loadEnvFile } from './env-file.ts';
import type { Environment } from './settings.ts';

export type Running = AsyncDisposable & {
  /** The address that it listens on, such as `http://127.0.0.1:3001`. */
  url: string;
};

/** How long requests and work under way may take to finish. */
export const shutdownTimeoutMs = 10_000;

/** One Ctrl-C often arrives twice: once from the terminal and once from npm. */
const echoMs = 1_000;

/**
 * Runs a service until SIGTERM, SIGINT or the end of the parent process, then stops it and exits 0.
 * Exits 1 if the start fails, and immediately on a second signal.
 */
export async function runService(start: () => Promise<Running>): Promise<void> {
  // The reader of the output may exit first; an error of its pipe must not interrupt the shutdown.
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
    // lets the log lines of the start be written first
    await new Promise((resolve) => setImmediate(resolve));
    if (process.connected) process.send?.({ ready: url });
  } catch (error) {
    printError(error);
    process.exit(1);
  }
}

/**
 * Runs the service if the process has no arguments. Arguments are a command, which ends the process with its exit code.
 * The npm scripts put `--` before them: `--` alone runs the command line too, which then shows the help.
 */
export async function runCommandOrService(
  environment: Environment,
  command: (words: string[]) => Promise<number>,
  start: () => Promise<Running>,
): Promise<void> {
  keepNodePrintable();
  const words = process.argv.slice(2);
  if (words.length === 0) return runService(start);
  // npm start reads this file too, so a command finds the same services
  try {
    for (const warning of loadEnvFile('.env', environment)) printLine(warning);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    printError(error);
    process.exit(exitCodes.misused);
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return; // a reader such as `head` may stop early
    printLine(`The output cannot be written: ${error.message}.`);
    process.exit(exitCodes.unable);
  });
  process.exitCode = await command(words[0] === '--' ? words.slice(1) : words);
}

/** Calls `stop` on the first SIGTERM, SIGINT or loss of the parent. A second signal ends the process immediately. */
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

/** Node itself prints the messages of errors and warnings as they are, with the text from outside in them. */
function keepNodePrintable(): void {
  process.on('uncaughtException', (error) => {
    printError(error);
    process.exit(1);
  });
  process.prependListener('warning', (warning) => {
    const stack = describeError(warning);
    Object.assign(warning, { message: printable(warning.message), stack });
  });
}

function printError(error: unknown): void {
  if (error instanceof StartError) printLine(error.message);
  else process.stderr.write(`${error instanceof Error ? describeError(error) : printable(String(error))}\n`);
}

function printLine(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
