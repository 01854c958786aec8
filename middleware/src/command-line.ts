import type { Environment } from '@doorstep/kit/config.ts';
import { takeOwnerLock } from '@doorstep/kit/database/lock.ts';
import { AppError, StartError } from '@doorstep/kit/errors.ts';
import { createLogger } from '@doorstep/kit/logger.ts';
import { connectDaemon } from './adapters/daemon-client.ts';
import { readMiddlewareConfig } from './config.ts';
import { readFact } from './db/facts.ts';
import { openContext } from './open-context.ts';
import { exitCodes } from './operations/cli/command.ts';
import { commands, parseWords, usage } from './operations/cli/commands.ts';

/**
 * Runs one command on the ledger, whether or not the daemon is running, and gives its exit code. What was asked for goes
 * to standard output, everything else to standard error.
 */
export async function runCommandLine(words: string[], environment: Environment): Promise<number> {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  try {
    const parsed = parseWords(words);
    if (parsed === 'help') {
      process.stdout.write(`${usage}\n`);
      return exitCodes.done;
    }
    const { name, values, positionals } = parsed;
    const config = readMiddlewareConfig(environment);
    const level = values['json'] ? 'warn' : config.log.level;
    const logger = createLogger('middleware', { level, format: config.log.format, stderr: true });
    await using open = await openContext(config, logger);
    const { context, tokens } = open;
    return await commands[name].run({
      context,
      values,
      positionals,
      print: (text) => void process.stdout.write(`${text}\n`),
      say,
      isTerminal: process.stderr.isTTY ?? false,
      daemon: connectDaemon((await readFact(context.db, 'daemon'))?.url, tokens),
      takeLock: () => takeOwnerLock(config.databaseUrl, 'middleware'),
    });
  } catch (error) {
    if (error instanceof AppError) {
      say(error.message);
      return error.code === 'invalid'
        ? exitCodes.misused
        : error.code === 'unavailable'
          ? exitCodes.unable
          : exitCodes.no;
    }
    if (error instanceof StartError) {
      say(error.message);
      return exitCodes.misused;
    }
    throw error;
  }
}
