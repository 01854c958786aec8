import type { Terminal } from '@doorstep/kit/cli/command.ts';
import { runCommand } from '@doorstep/kit/cli/command-line.ts';
import type { Environment } from '@doorstep/kit/process/settings.ts';
import { readCrmConfig } from '../config.ts';
import { commands, introduction } from './commands.ts';

/** Runs one command, whether or not the service is running, and returns its exit code. */
export function runCommandLine(words: string[], environment: Environment, terminal: Terminal): Promise<number> {
  return runCommand(words, terminal, {
    ...introduction,
    commands,
    readConfig: () => readCrmConfig(environment),
    run: (_config, command, call) => command.run(call),
  });
}
