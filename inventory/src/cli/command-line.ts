import type { Call, Command, Terminal } from '@doorstep/kit/cli/command.ts';
import { runCommand } from '@doorstep/kit/cli/command-line.ts';
import { createLogger } from '@doorstep/kit/process/logger.ts';
import type { Environment } from '@doorstep/kit/process/settings.ts';
import { type InventoryConfig, readInventoryConfig } from '../config.ts';
import { openContext } from '../open-context.ts';
import { commands, introduction } from './commands.ts';
import type { CommandMeans } from './means.ts';

/** The standard streams; `process` has them. */
type Standard = Terminal & { stdin: AsyncIterable<Buffer> };

/** Runs one command, whether or not the service is running, and returns its exit code. */
export function runCommandLine(words: string[], environment: Environment, standard: Standard): Promise<number> {
  return runCommand(words, standard, {
    ...introduction,
    commands,
    readConfig: () => readInventoryConfig(environment),
    run: (config, command, call) => run(config, command, { ...call, ...standard }),
  });
}

async function run(config: InventoryConfig, command: Command<CommandMeans>, call: Call & Standard): Promise<number> {
  const level = call.values['json'] ? 'error' : config.log.level;
  const logger = createLogger('inventory', { ...config.log, level, stderr: true });
  await using open = await openContext({ config, logger });
  return await command.run({ ...call, context: open.context, clock: open.context.clock });
}
