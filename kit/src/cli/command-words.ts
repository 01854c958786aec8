import { CommanderError, Command as Program } from 'commander';
import { AppError } from '../errors.ts';
import type { Call, Command, Commands, Introduction } from './command.ts';

type Line<Means> = Introduction & { commands: Commands<Means> };
type ParsedWords<Means> = Pick<Call, 'values' | 'positionals'> & { command: Command<Means> };

const helpWidth = 80;

/**
 * Parses the arguments of the command line. Every command accepts `--json`. Returns the help text if the arguments ask
 * for help or there are none.
 * @throws AppError `invalid` that names the invalid arguments.
 */
export function parseWords<Means>(words: string[], line: Line<Means>): ParsedWords<Means> | string {
  let help = '';
  let parsed: ParsedWords<Means> | undefined;
  const program = createProgram(line, (text) => {
    help += text;
  }).exitOverride((error) => {
    if (help !== '') throw error;
    const [first, second] = words;
    const name = first === 'help' ? second : first;
    const known = Object.keys(line.commands).join(', ');
    const others = known ? `the commands are ${known}` : 'this service has no commands';
    throw new AppError('invalid', `Unknown command ${JSON.stringify(name)}; ${others}.`);
  });
  for (const [name, command] of Object.entries(line.commands)) {
    const sub = addCommand(program, name, command);
    sub.action(() => {
      parsed = { command, values: sub.opts(), positionals: sub.args };
    });
    sub.exitOverride((error) => {
      if (help !== '') throw error;
      const forms = command.forms.map((form) => `${name} ${form}`.trim()).join(', or ');
      throw new AppError('invalid', `${describeMisuse(error, sub)}. Usage: ${forms}.`);
    });
  }
  try {
    program.parse(words.length > 0 ? words : ['help'], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return parsed ?? help.replace(/ +$/gm, '').trimEnd();
}

function createProgram({ name, about, exitCodes }: Introduction, write: (text: string) => void): Program {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`);
  const alone = `npm exec -- node ${name}/src/main.ts`;
  const start = `Start the service:\n  ${'npm start'.padEnd(alone.length)}  all three services\n  ${alone}  this service alone`;
  const program = new Program(`npm run -s ${name} --`)
    .usage('COMMAND [options]')
    .description(about)
    .helpCommand('help [COMMAND]', 'show this help, or the help of one command')
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError(false)
    // a fixed width, so that the help does not depend on the terminal
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: () => helpWidth })
    .configureHelp({
      optionTerm: ({ flags }) => flags.replace(/[<>]/g, ''),
      subcommandTerm: (sub) => [sub.name(), ...sub.registeredArguments.map((argument) => argument.name())].join(' '),
    });
  program.addHelpText('afterAll', `\nExit codes:\n${codes.join('\n')}`);
  return program.addHelpText('after', `\n${start}`);
}

function addCommand<Means>(program: Program, name: string, command: Command<Means>): Program {
  const prefix = `${program.name()} ${name}`;
  const sub = program
    .command(name)
    .summary(command.summary)
    .description([`${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`, command.details].join(' ').trim())
    .usage(command.forms.join(`\n       ${prefix} `));
  for (const [argument, what] of Object.entries(command.arguments ?? {})) sub.argument(`[${argument}]`, what);
  for (const [flags, what] of Object.entries(command.options ?? {})) sub.option(flags, what);
  sub.option('--json', 'print JSON, for scripts');
  const examples = command.examples.map((words) => `  ${prefix} ${words}`);
  return sub.addHelpText('after', `\n${examples.length > 1 ? 'Examples' : 'Example'}:\n${examples.join('\n')}`);
}

/** Turns commander's error into the first half of a sentence. */
function describeMisuse({ code, message }: CommanderError, sub: Program): string {
  if (code === 'commander.excessArguments') {
    return `Unexpected ${JSON.stringify(sub.args[sub.registeredArguments.length])}`;
  }
  const [, flag] = /^error: unknown option '(--[^=]+)=.*'$/s.exec(message) ?? [];
  if (flag && sub.options.some(({ long }) => long === flag)) return `Option '${flag}' does not take an argument`;
  const said = message.replace(/^error: (option '.*' argument missing$)?/, (_, missing = '') =>
    missing.replace(/[<>]/g, ''),
  );
  return `${said[0]?.toUpperCase()}${said.slice(1)}`;
}
