import { existsSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Call, Command, Terminal } from '@doorstep/kit/cli/command.ts';
import { runCommand } from '@doorstep/kit/cli/command-line.ts';
import { sqlitePath } from '@doorstep/kit/database/open.ts';
import { isPostgresUrl } from '@doorstep/kit/database/postgres-address.ts';
import { StartError } from '@doorstep/kit/errors.ts';
import { createLogger } from '@doorstep/kit/process/logger.ts';
import type { Environment } from '@doorstep/kit/process/settings.ts';
import { connectDaemon } from '../adapters/daemon-client.ts';
import { type MiddlewareConfig, readMiddlewareConfig } from '../config.ts';
import { readFact } from '../db/facts.ts';
import { takeLedgerLock } from '../db/lock.ts';
import { openContext, openProbe } from '../open-context.ts';
import { checkCommand } from './check.ts';
import { commands, introduction } from './commands.ts';
import type { CommandMeans } from './means.ts';

/** Runs one command on the ledger, whether or not the daemon is running, and gives its exit code. */
export function runCommandLine(words: string[], environment: Environment, terminal: Terminal): Promise<number> {
  const readConfig = () => readMiddlewareConfig(environment);
  return runCommand(words, terminal, { ...introduction, commands, readConfig, run });
}

async function run(config: MiddlewareConfig, command: Command<CommandMeans>, call: Call): Promise<number> {
  if (command === checkCommand) {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'doorstep-check-'));
    return await runOn({ ...config, databaseUrl: join(folder.path, 'no-ledger.db') }, command, call);
  }
  refuseMissingLedger(config);
  return await runOn(config, command, call);
}

async function runOn(config: MiddlewareConfig, command: Command<CommandMeans>, call: Call): Promise<number> {
  const level = call.values['json'] ? 'warn' : config.log.level;
  await using open = await openContext(config, createLogger('middleware', { ...config.log, level, stderr: true }));
  const { context, tokens } = open;
  const daemon = await readFact(context.db, 'daemon');
  return await command.run({
    ...call,
    context,
    clock: context.clock,
    probe: () => openProbe(config, tokens, context),
    daemon: connectDaemon(daemon?.url, { tokens, proxies: config.proxies }),
    takeLock: () => takeLedgerLock(config.databaseUrl),
  });
}

/** In the wrong folder, a command would create an empty ledger and report that all is well. */
function refuseMissingLedger({ databaseUrl }: MiddlewareConfig) {
  if (isPostgresUrl(databaseUrl) || existsSync(sqlitePath(databaseUrl))) return;
  throw new StartError(`There is no ledger at ${sqlitePath(databaseUrl)}; the daemon creates it at its first start.`);
}
