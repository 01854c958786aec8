import { parseArgs } from 'node:util';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Command } from './command.ts';
import { deliveriesCommand } from './deliveries.ts';
import { explainCommand } from './explain.ts';
import { pauseCommand, resumeCommand } from './pause.ts';
import { pollCommand } from './poll.ts';
import { quarantineCommand } from './quarantine.ts';
import { reconcileCommand } from './reconcile.ts';
import { replayCommand } from './replay.ts';
import { statusCommand } from './status.ts';

export const commands = {
  status: statusCommand,
  deliveries: deliveriesCommand,
  explain: explainCommand,
  replay: replayCommand,
  poll: pollCommand,
  pause: pauseCommand,
  resume: resumeCommand,
  reconcile: reconcileCommand,
  quarantine: quarantineCommand,
} satisfies Record<string, Command>;

const lines = Object.entries<Command>(commands).flatMap(([name, { usage }]) =>
  usage.map(([words, what]) => [`${name} ${words}`.trim(), what] as const),
);
const widest = Math.max(...lines.map(([words]) => words.length));

export const usage = [
  'npm run middleware -- COMMAND, with the daemon running or not',
  '',
  ...lines.map(([words, what]) => `  ${words.padEnd(widest)}  ${what}`),
  '',
  'Each takes --json, for scripts. Exit codes: 0 done; 1 the answer is no (an unknown customer, exceptions left, a poll',
  'that failed); 2 wrong words or settings; 3 not possible now (the ledger, the CRM or the Inventory is away).',
].join('\n');

export type ParsedWords = {
  name: keyof typeof commands;
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
};

/** @throws AppError `invalid` saying which words are wrong. */
export function parseWords(words: string[]): ParsedWords | 'help' {
  const [name = '', ...rest] = words;
  if (['help', '--help', '-h'].includes(name) || rest.includes('--help')) return 'help';
  if (!isName(name)) {
    throw new AppError(
      'invalid',
      `There is no command ${JSON.stringify(name)}; there are ${Object.keys(commands).join(', ')}.`,
    );
  }
  const { options, positionalsMax, usage: forms }: Command = commands[name];
  const help = `It is: ${forms.map(([form]) => `${name} ${form}`.trim()).join(', or ')}.`;
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: { json: { type: 'boolean' }, ...options },
      allowPositionals: true,
    });
    if (positionals.length > positionalsMax)
      throw new Error(`Unexpected ${JSON.stringify(positionals[positionalsMax])}`);
    return { name, values: values as ParsedWords['values'], positionals };
  } catch (error) {
    throw new AppError('invalid', `${(error as Error).message.split('. ')[0]}. ${help}`);
  }
}

function isName(name: string): name is ParsedWords['name'] {
  return Object.hasOwn(commands, name);
}
