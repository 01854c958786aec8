import { existsSync } from 'node:fs';
import type { Environment } from '@doorstep/kit/config.ts';
import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import { isPostgresUrl, sqlitePath } from '@doorstep/kit/database/open.ts';
import { AppError, StartError } from '@doorstep/kit/errors.ts';
import { createLogger } from '@doorstep/kit/logger.ts';
import { connectDaemon } from './adapters/daemon-client.ts';
import { type MiddlewareConfig, readMiddlewareConfig } from './config.ts';
import { readFact } from './db/facts.ts';
import { takeLedgerLock } from './db/lock.ts';
import { openContext } from './open-context.ts';
import { type CommandMeans, exitCodes } from './operations/cli/command.ts';
import { commands, type ParsedWords, parseWords, usage } from './operations/cli/commands.ts';

type Stream = { write(text: string): unknown; isTTY?: boolean };
/** `process` is one. */
export type Terminal = { stdout: Stream; stderr: Stream };

/**
 * Runs one command on the ledger, whether or not the daemon is running, and gives its exit code. What was asked for goes
 * to standard output, everything else to standard error.
 */
export async function runCommandLine(words: string[], environment: Environment, terminal: Terminal): Promise<number> {
  const print = (text: string) => void terminal.stdout.write(`${printable(text)}\n`);
  const say = (text: string) => void terminal.stderr.write(`${printable(text)}\n`);
  let isUnderstood = false;
  try {
    const parsed = parseWords(words);
    if (parsed === 'help') {
      print(usage);
      return exitCodes.done;
    }
    const config = readMiddlewareConfig(environment);
    isUnderstood = true;
    return await run(config, parsed, { print, say, terminal: terminal.stderr });
  } catch (error) {
    if (!(error instanceof AppError || error instanceof StartError || isUnavailable(error))) throw error;
    say((error as Error).message);
    if (error instanceof AppError && error.code !== 'unavailable') {
      return error.code === 'invalid' ? exitCodes.misused : exitCodes.no;
    }
    return isUnderstood ? exitCodes.unable : exitCodes.misused;
  }
}

type Voices = Pick<CommandMeans, 'print' | 'say' | 'terminal'>;

async function run(config: MiddlewareConfig, { name, values, positionals }: ParsedWords, voices: Voices) {
  refuseMissingLedger(config);
  const level = values['json'] ? 'warn' : config.log.level;
  await using open = await openContext(config, createLogger('middleware', { ...config.log, level, stderr: true }));
  const { context, tokens } = open;
  const daemon = await readFact(context.db, 'daemon');
  return await commands[name].run({
    context,
    values,
    positionals,
    ...voices,
    daemon: connectDaemon(daemon?.url, { tokens, hostName: config.allowedHosts[0] as string }),
    takeLock: () => takeLedgerLock(config.databaseUrl),
  });
}

/** In a wrong folder a command would make a ledger of its own, and say that all is well with it. */
function refuseMissingLedger({ databaseUrl }: MiddlewareConfig) {
  if (isPostgresUrl(databaseUrl) || existsSync(sqlitePath(databaseUrl))) return;
  throw new StartError(`There is no ledger at ${sqlitePath(databaseUrl)}; the daemon makes it at its first start.`);
}

/** Names and reasons come from outside: an escape sequence or a reversed line in one must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '\uFFFD');
}
