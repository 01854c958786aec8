import { parseArgs } from 'node:util';
import { AppError } from '../errors.ts';
import type { Call, Command, Commands } from './command.ts';

type ParsedWords<Means> = Pick<Call, 'values' | 'positionals'> & { command: Command<Means> };

/**
 * Finds what is called, and with what; `--json` goes with every command.
 * @throws AppError `invalid` saying which words are wrong.
 */
export function parseWords<Means>(words: string[], commands: Commands<Means>): ParsedWords<Means> | 'help' {
  const [name = '', ...rest] = words;
  if (['help', '--help', '-h'].includes(name) || rest.includes('--help')) return 'help';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    throw new AppError(
      'invalid',
      `There is no command ${JSON.stringify(name)}; there are ${Object.keys(commands).join(', ')}.`,
    );
  }
  const { options, positionalsMax, usage } = command;
  const help = `It is: ${usage.map(([form]) => `${name} ${form}`.trim()).join(', or ')}.`;
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: { json: { type: 'boolean' }, ...options },
      allowPositionals: true,
    });
    if (positionals.length > positionalsMax)
      throw new Error(`Unexpected ${JSON.stringify(positionals[positionalsMax])}`);
    return { command, values: values as Call['values'], positionals };
  } catch (error) {
    throw new AppError('invalid', `${(error as Error).message.split('. ')[0]}. ${help}`);
  }
}

/** Each form of each command with what it does, one below the other. */
export function listForms<Means>(commands: Commands<Means>): string[] {
  const lines = Object.entries(commands).flatMap(([name, { usage }]) =>
    usage.map(([words, what]) => [`${name} ${words}`.trim(), what] as const),
  );
  const widest = Math.max(...lines.map(([words]) => words.length));
  return lines.map(([words, what]) => `  ${words.padEnd(widest)}  ${what}`);
}
