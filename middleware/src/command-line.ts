import { existsSync } from 'node:fs';
import type { Environment } from '@doorstep/kit/config.ts';
import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import { takeOwnerLock } from '@doorstep/kit/database/lock.ts';
import { isPostgresUrl, sqlitePath } from '@doorstep/kit/database/open.ts';
import { AppError, StartError } from '@doorstep/kit/errors.ts';
import { createLogger } from '@doorstep/kit/logger.ts';
import { connectDaemon } from './adapters/daemon-client.ts';
import { type MiddlewareConfig, readMiddlewareConfig } from './config.ts';
import { readFact } from './db/facts.ts';
import { openContext } from './open-context.ts';
import { exitCodes } from './operations/cli/command.ts';
import { commands, type ParsedWords, parseWords, usage } from './operations/cli/commands.ts';

/**
 * Runs one command on the ledger, whether or not the daemon is running, and gives its exit code. What was asked for goes
 * to standard output, everything else to standard error.
 */
export async function runCommandLine(words: string[], environment: Environment): Promise<number> {
  process.stdout.on('error', () => undefined); // who reads may have read enough
  let isUnderstood = false;
  try {
    const parsed = parseWords(words);
    if (parsed === 'help') {
      print(usage);
      return exitCodes.done;
    }
    const config = readMiddlewareConfig(environment);
    isUnderstood = true;
    return await run(config, parsed);
  } catch (error) {
    if (!(error instanceof AppError || error instanceof StartError || isUnavailable(error))) throw error;
    say((error as Error).message);
    if (error instanceof AppError && error.code !== 'unavailable') {
      return error.code === 'invalid' ? exitCodes.misused : exitCodes.no;
    }
    return isUnderstood ? exitCodes.unable : exitCodes.misused;
  }
}

async function run(config: MiddlewareConfig, { name, values, positionals }: ParsedWords): Promise<number> {
  refuseMissingLedger(config);
  const level = values['json'] ? 'warn' : config.log.level;
  await using open = await openContext(config, createLogger('middleware', { ...config.log, level, stderr: true }));
  const { context, tokens } = open;
  const daemon = await readFact(context.db, 'daemon');
  return await commands[name].run({
    context,
    values,
    positionals,
    print,
    say,
    isTerminal: process.stderr.isTTY ?? false,
    daemon: connectDaemon(daemon?.url, { tokens, hostName: config.allowedHosts[0] as string }),
    takeLock: () => takeOwnerLock(config.databaseUrl, 'middleware'),
  });
}

/** In a wrong folder a command would make a ledger of its own, and say that all is well with it. */
function refuseMissingLedger({ databaseUrl }: MiddlewareConfig) {
  if (isPostgresUrl(databaseUrl) || existsSync(sqlitePath(databaseUrl))) return;
  throw new StartError(`There is no ledger at ${sqlitePath(databaseUrl)}; the daemon makes it at its first start.`);
}

function print(text: string) {
  process.stdout.write(`${printable(text)}\n`);
}

function say(text: string) {
  process.stderr.write(`${printable(text)}\n`);
}

/** Names and reasons come from outside: an escape sequence or a reversed line in one must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '\uFFFD');
}
