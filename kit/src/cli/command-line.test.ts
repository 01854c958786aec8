import { describe, expect, it } from 'vitest';
import { AppError, StartError } from '../errors.ts';
import { type Call, type Command, exitCodes } from './command.ts';
import { type CommandLine, runCommand } from './command-line.ts';

const bake: Command<Call> = {
  summary: 'bake a cake, or all of them',
  details: 'A cake that is baked already stays as it is.',
  forms: ['CAKE', '--all [--until TIME]'],
  arguments: { CAKE: 'the name of the cake' },
  options: {
    '--all': 'every cake that waits',
    '--until <TIME>': 'only those that can be baked before this time',
    '--with-icing': 'with icing',
  },
  examples: ['lemon', '--all --until noon'],
  async run({ values, positionals, print, say }) {
    print(JSON.stringify({ ...values, positionals }));
    say('It is hot.');
    return exitCodes.no;
  },
};
const wait: Command<Call> = { summary: 'wait', forms: [''], examples: [''], run: bake.run };

async function run(words: string | string[], overrides: Partial<CommandLine<string, Call>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  };
  const code = await runCommand(typeof words === 'string' ? words.split(' ') : words, terminal, {
    name: 'kitchen',
    about: 'Bakes, with the oven on or not.',
    exitCodes: { 0: 'done', 1: 'burnt' },
    commands: { bake, wait },
    readConfig: () => 'settings',
    run: (_config, command, call) => command.run(call),
    ...overrides,
  });
  return { code, out: out.join(''), err: err.join('') };
}

describe('a command line', () => {
  it('passes the arguments to a command, and returns its exit code and both outputs', async () => {
    expect(await run('bake --all --until noon --with-icing --json lemon')).toEqual({
      code: 1,
      out: '{"all":true,"until":"noon","withIcing":true,"json":true,"positionals":["lemon"]}\n',
      err: 'It is hot.\n',
    });
  });

  it('passes the settings to `run`', async () => {
    const { out } = await run('wait', {
      run: async (config, _command, { print }) => {
        print(config);
        return exitCodes.done;
      },
    });

    expect(out).toBe('settings\n');
  });

  it.each([[['help']], [['--help']], [['-h']], [[]]])('lists its commands at %j', async (words) => {
    expect(await run(words)).toEqual({
      code: 0,
      out: `Usage: npm run -s kitchen -- COMMAND [options]

Bakes, with the oven on or not.

Options:
  -h, --help    show this help

Commands:
  bake CAKE     bake a cake, or all of them
  wait          wait
  help COMMAND  show this help, or the help of one command

Start the service:
  npm start                             all three services
  npm exec -- node kitchen/src/main.ts  this service alone

Exit codes:
  0  done
  1  burnt
`,
      err: '',
    });
  });

  it.each(['bake --help', 'bake lemon -h', 'help bake'])('explains a command at "%s"', async (words) => {
    expect(await run(words)).toEqual({
      code: 0,
      out: `Usage: npm run -s kitchen -- bake CAKE
       npm run -s kitchen -- bake --all [--until TIME]

Bake a cake, or all of them. A cake that is baked already stays as it is.

Arguments:
  CAKE          the name of the cake

Options:
  --all         every cake that waits
  --until TIME  only those that can be baked before this time
  --with-icing  with icing
  --json        print JSON, for scripts
  -h, --help    show this help

Examples:
  npm run -s kitchen -- bake lemon
  npm run -s kitchen -- bake --all --until noon

Exit codes:
  0  done
  1  burnt
`,
      err: '',
    });
  });

  it.each([
    ['cook', 'Unknown command "cook"; the commands are bake, wait.\n'],
    ['toString', 'Unknown command "toString"; the commands are bake, wait.\n'],
    ['', 'Unknown command ""; the commands are bake, wait.\n'],
    ['help cook', 'Unknown command "cook"; the commands are bake, wait.\n'],
    ['--long wait', 'Unknown command "--long"; the commands are bake, wait.\n'],
    ['wait --long', "Unknown option '--long'. Usage: wait.\n"],
    ['wait now', 'Unexpected "now". Usage: wait.\n'],
    ['bake a b', 'Unexpected "b". Usage: bake CAKE, or bake --all [--until TIME].\n'],
    ['bake --until', "Option '--until TIME' argument missing. Usage: bake CAKE, or bake --all [--until TIME].\n"],
    ['bake --untl noon', "Unknown option '--untl'. Usage: bake CAKE, or bake --all [--until TIME].\n"],
    ['wait --json=yes', "Option '--json' does not take an argument. Usage: wait.\n"],
  ])('ends with 2 and one sentence at "%s", before it reads a setting', async (words, err) => {
    const readConfig = () => {
      throw new Error('read too early');
    };

    expect(await run(words, { readConfig })).toEqual({ code: 2, out: '', err });
  });

  it('ends with 2 and one sentence if a setting is invalid', async () => {
    const readConfig = () => {
      throw new StartError('OVEN is "cold"; it takes hot.');
    };

    expect(await run('wait', { readConfig })).toEqual({ code: 2, out: '', err: 'OVEN is "cold"; it takes hot.\n' });
  });

  it.each([
    ['2', 'arguments that a command rejects', new AppError('invalid', 'A cake is needed.')],
    ['1', 'a negative result', new AppError('not_found', 'There is no such cake.')],
    ['3', 'an unavailable service', new AppError('unavailable', 'The shop is closed.')],
    ['3', 'a refused start', new StartError('Somebody else bakes already.')],
    ['3', 'an unavailable database', Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })],
  ])('ends with %s and one sentence at %s', async (code, _what, error) => {
    const ran = await run('wait', { run: () => Promise.reject(error) });

    expect(ran).toEqual({ code: Number(code), out: '', err: `${error.message}\n` });
  });

  it('rethrows an unexpected error', async () => {
    const bug = new TypeError('no such thing');

    await expect(run('wait', { run: () => Promise.reject(bug) })).rejects.toBe(bug);
  });

  it('shows each argument in one line of visible characters', async () => {
    const { out, err } = await run('wait', {
      run: async (_config, _command, { print, say }) => {
        print('a\u001b[31mb\nc', 'd');
        say('e\u202ef\u2028g\rh\u{e0041}');
        return exitCodes.done;
      },
    });

    expect(out).toBe('a\\u001b[31mb\\u000ac\nd\n');
    expect(err).toBe('e\\u202ef\\u2028g\\u000dh\\udb40\\udc41\n');
  });

  it('prints JSON that holds every character of the value', async () => {
    const name = 'Eve\u202e\u2028\u{e0041}\u0085';
    const { out } = await run('wait', {
      run: async (_config, _command, { print }) => {
        print(JSON.stringify({ name }));
        return exitCodes.done;
      },
    });

    expect(out).toMatch(/^[^\u202e\u2028\u{e0041}\u0085]+$/u);
    expect(JSON.parse(out)).toEqual({ name });
  });

  it('keeps an error in one line', async () => {
    const ran = await run('wait', { run: () => Promise.reject(new AppError('not_found', 'no cake "a\nb"')) });

    expect(ran.err).toBe('no cake "a\\u000ab"\n');
  });
});
