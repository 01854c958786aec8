import { describe, expect, it } from 'vitest';
import { AppError, StartError } from '../errors.ts';
import { type Call, type Command, exitCodes } from './command.ts';
import { type CommandLine, runCommand } from './command-line.ts';

const bake: Command<Call> = {
  usage: [
    ['CAKE', 'bake a cake'],
    ['--all [--until TIME]', 'bake all of them'],
  ],
  options: { all: { type: 'boolean' }, until: { type: 'string' } },
  positionalsMax: 1,
  async run({ values, positionals, print, say }) {
    print(JSON.stringify({ ...values, positionals }));
    say('It is hot.');
    return exitCodes.no;
  },
};
const wait: Command<Call> = { ...bake, usage: [['', 'wait']], options: {}, positionalsMax: 0 };

/** Runs the words, and keeps what is written apart. */
async function run(words: string, overrides: Partial<CommandLine<string, Call>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  };
  const code = await runCommand(words.split(' '), terminal, {
    name: 'kitchen',
    remark: 'with the oven on or not',
    closing: ['Exit codes: 0 done.', 'That is all.'],
    commands: { bake, wait },
    readConfig: () => 'settings',
    run: (_config, command, call) => command.run(call),
    ...overrides,
  });
  return { code, out: out.join(''), err: err.join('') };
}

describe('a command line', () => {
  it('hands a command its words, and gives its exit code and what it prints and says', async () => {
    expect(await run('bake --all --until noon --json lemon')).toEqual({
      code: 1,
      out: '{"all":true,"until":"noon","json":true,"positionals":["lemon"]}\n',
      err: 'It is hot.\n',
    });
  });

  it('hands what was set to whoever runs the command', async () => {
    const { out } = await run('wait', {
      run: async (config, _command, { print }) => {
        print(config);
        return exitCodes.done;
      },
    });

    expect(out).toBe('settings\n');
  });

  it.each(['help', '--help', '-h', 'bake lemon --help'])('says how it is used at %s', async (words) => {
    expect(await run(words)).toEqual({
      code: 0,
      out: [
        'npm run kitchen -- COMMAND, with the oven on or not',
        '',
        '  bake CAKE                  bake a cake',
        '  bake --all [--until TIME]  bake all of them',
        '  wait                       wait',
        '',
        'Exit codes: 0 done.',
        'That is all.',
        '',
      ].join('\n'),
      err: '',
    });
  });

  it.each([
    ['cook', 'There is no command "cook"; there are bake, wait.\n'],
    ['toString', 'There is no command "toString"; there are bake, wait.\n'],
    ['', 'There is no command ""; there are bake, wait.\n'],
    ['wait --long', "Unknown option '--long'. It is: wait.\n"],
    ['wait now', 'Unexpected "now". It is: wait.\n'],
    ['bake a b', 'Unexpected "b". It is: bake CAKE, or bake --all [--until TIME].\n'],
    ['wait --json=yes', "Option '--json' does not take an argument. It is: wait.\n"],
  ])('ends with 2 and one sentence at "%s", before it reads a setting', async (words, err) => {
    const readConfig = () => {
      throw new Error('read too early');
    };

    expect(await run(words, { readConfig })).toEqual({ code: 2, out: '', err });
  });

  it('ends with 2 and one sentence where a setting is wrong', async () => {
    const readConfig = () => {
      throw new StartError('OVEN is "cold"; it takes hot.');
    };

    expect(await run('wait', { readConfig })).toEqual({ code: 2, out: '', err: 'OVEN is "cold"; it takes hot.\n' });
  });

  it.each([
    ['2', 'words that a command cannot use', new AppError('invalid', 'A cake is needed.')],
    ['1', 'an answer that is no', new AppError('not_found', 'There is no such cake.')],
    ['3', 'a neighbour that is away', new AppError('unavailable', 'The shop is closed.')],
    ['3', 'a start that is refused', new StartError('Somebody else bakes already.')],
    ['3', 'a database that is away', Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })],
  ])('ends with %s and one sentence at %s', async (code, _what, error) => {
    const ran = await run('wait', { run: () => Promise.reject(error) });

    expect(ran).toEqual({ code: Number(code), out: '', err: `${error.message}\n` });
  });

  it('throws on what is a bug', async () => {
    const bug = new TypeError('no such thing');

    await expect(run('wait', { run: () => Promise.reject(bug) })).rejects.toBe(bug);
  });

  it('writes no escape sequence and no reversed line to the terminal', async () => {
    const { out, err } = await run('wait', {
      run: async (_config, _command, { print, say }) => {
        print('a\u001b[31mb\nc');
        say('d\u202ee\u2028f\rg');
        return exitCodes.done;
      },
    });

    expect(out).toBe('a\uFFFD[31mb\nc\n');
    expect(err).toBe('d\uFFFDe\uFFFDf\uFFFDg\n');
  });
});
