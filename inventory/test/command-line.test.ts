import { mkdir, writeFile } from 'node:fs/promises';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { startTcpProxy } from '@doorstep/kit/test/tcp-proxy.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aCommandLine,
  type CommandLine,
  drawnEveryTime,
  jsonLines,
  readItems,
  spawnCommand,
} from './a-command-line.ts';
import { anItem } from './start.ts';

const oneSentence = /^[^\n]+\n$/;
const manyItems = (length: number) => Array.from({ length }, () => anItem());

describe('a command', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
    await mkdir(line.file('folder'));
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it.each([
    ['imprt', 'Unknown command "imprt"; the commands are import, export.'],
    ['import', 'Name the file to import, or - for standard input.'],
    ['import a b', 'Unexpected "b".'],
    ['import a --set-stock=yes', "Option '--set-stock' does not take an argument."],
    ['import a --force', "Unknown option '--force'."],
    ['import nowhere.csv', 'The file cannot be read: no such file or directory.'],
    ['import folder', 'The file cannot be read: illegal operation on a directory.'],
    ['export --format xml', '--format must be csv or jsonl, not "xml".'],
    ['export a b', 'Unexpected "b".'],
  ])('exits with 2 and one sentence for "%s"', async (words, sentence) => {
    const ran = await line.run(words.replace('folder', line.file('folder')));

    expect(ran).toEqual({ code: 2, out: '', err: expect.stringMatching(oneSentence) });
    expect(ran.err).toContain(sentence);
  });

  it.each(['import -', 'export'])('exits with 2 and one sentence if a setting is invalid: %s', async (words) => {
    const ran = await line.run(words, { environment: { LOW_STOCK_WEBHOOK_URL: 'nonsense' } });

    expect(ran).toEqual({ code: 2, out: '', err: expect.stringMatching(oneSentence) });
    expect(ran.err).toContain('LOW_STOCK_WEBHOOK_URL');
  });

  it.each([
    ['import -', 'postgres://nobody@127.0.0.1:1/nothing'],
    ['export', 'postgres://nobody@127.0.0.1:1/nothing'],
    ['export', 'sqlite:/dev/null/items.db'],
  ])('exits with 3 and one sentence while the database is unavailable: %s', async (words, DATABASE_URL) => {
    const ran = await line.run(words, { environment: { DATABASE_URL } });

    expect(ran).toEqual({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
  });

  it('prints its usage', async () => {
    const { code, out, err } = await line.run('import --help');

    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^Usage: npm run -s inventory -- import FILE \[--skip-bad\] \[--set-stock\] \[--encoding NAME\]\n/,
    );
    expect(out).toMatch(/\nExit codes:\n {2}0 /);
  });

  it('draws a progress bar on a terminal, and clears it before any other output', async () => {
    using _bar = drawnEveryTime();
    const items = manyItems(501);
    await line.write('many.jsonl', `{}\n${jsonLines(items)}`);
    const drawn: string[] = [];

    const ran = await line.run(`import ${line.file('many.jsonl')} --skip-bad`, { watch: (text) => drawn.push(text) });

    const bars = [/100 % {2}\d+\/\d+ bytes read/, / 500\/501 items imported/, /100 % {2}501\/501 items imported/];
    for (const bar of bars) expect(drawn).toContainEqual(expect.stringMatching(bar));
    for (const [index, text] of drawn.entries()) {
      if (!text.startsWith('\r')) expect(drawn[index - 1]).toBe('\r\x1b[K');
    }
    expect(drawn).toContain('line 1: Missing required fields: name, sku, price\n');
    expect(drawn.at(-1)).toBe('\r\x1b[K');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('501 added') });
    expect(ran.out).not.toContain('\r');
    await line.run(`export ${line.file('out.csv')}`, { watch: (text) => drawn.push(text) });
    expect(drawn.at(-2)).toMatch(/^\r█+ 100 % {2}(\d+)\/\1 items written/);
    expect(drawn.at(-1)).toBe('\r\x1b[K');
  });

  it('draws no bar without a terminal or with --json', async () => {
    using _bar = drawnEveryTime();
    await line.write('one.jsonl', jsonLines(manyItems(1)));
    const words = `import ${line.file('one.jsonl')}`;

    expect((await line.run(words)).err).toBe('');
    expect((await line.run(`${words} --json`, { watch: () => undefined })).err).toBe('');
  });

  it('never prints control characters from a file', async () => {
    const evil = '\u001b[2J\u009b31m\u202eevil\u2028\r';
    const lines = jsonLines([
      anItem({ [evil]: 1 }),
      anItem({ sku: evil }),
      { ...anItem(), price: evil },
      { [evil]: evil },
    ]);
    const columns = ['sku', 'name', 'price', evil, evil].map((name) => `"${name}"`).join(',');
    const ran = [
      await line.import(lines),
      await line.import(lines, '--json'),
      await line.import(lines, '--skip-bad'),
      await line.import(`${columns}\n`),
      await line.run(`import ${evil}`),
      await line.run(`export ${line.file(evil)}`),
    ];

    expect(ran.map(({ code }) => code)).toEqual([1, 1, 0, 2, 2, 0]);
    for (const { out, err } of ran) expect(out + err).not.toMatch(/[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e]/u);
    expect(ran[0]?.err).toContain('evil');
  });
});

describe('a command as a process', () => {
  it('resolves paths from its working directory, and exits with its code', async () => {
    await using database = await freshDatabase('sqlite');
    await writeFile(`${database.dataDir}/items.jsonl`, jsonLines([anItem(), {}]));

    const ran = await spawnCommand('import items.jsonl', database).ended;

    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^line 2: .*\nNothing .*\n$/) });
  });
});

describe('an import that loses its database halfway', () => {
  it('exits with 3 and stores nothing', async () => {
    await using database = await freshDatabase('postgres');
    await using proxy = await startTcpProxy(database.url);
    await using line = await aCommandLine('postgres', {}, database);
    using _bar = drawnEveryTime();

    const ran = await line.import(jsonLines(manyItems(1001)), '', {
      environment: { DATABASE_URL: proxy.url },
      watch: (text) => void (text.includes('500/1001 items imported') && proxy.refuse()),
    });

    expect(ran).toMatchObject({ code: 3, out: '' });
    expect(ran.err.split('\n').at(-2)).toMatch(/\S/);
    expect(await readItems(line)).toEqual([]);
  });
});
