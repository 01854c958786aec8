import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '@doorstep/kit/clock.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { quickStart } from '@doorstep/kit/test/quick-start.ts';
import { vi } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.ts';
import type { Item } from '../src/item.ts';
import { inventoryEnvironment, startInventoryOn } from './start.ts';

type Environment = Record<string, string>;
type Input = string | Buffer | Buffer[];

type Given = {
  /** Standard input: all at once, or in these chunks. */
  input?: Input;
  environment?: Environment;
  /** Makes standard output a terminal. */
  isTerminal?: boolean;
  /** Makes standard error a terminal, and receives everything that is written to it. */
  watch?: (written: string) => void;
};

/** A running Inventory, and commands on its database, which is new unless it is given. */
export async function aCommandLine(kind: DatabaseKind, environment: Environment = {}, given?: FreshDatabase) {
  await using resources = new AsyncDisposableStack();
  const database = given ?? resources.use(await freshDatabase(kind));
  const { url } = resources.use(await startInventoryOn(database, environment));
  const owned = resources.move();
  const settings = inventoryEnvironment(database, environment);
  const run = (words: string, given: Given = {}) => runHere(words, settings, given);
  const file = (name: string) => join(database.dataDir, name);
  return {
    url,
    database,
    /** Runs a command inside this process. */
    run,
    /** Imports from standard input. */
    import: (input: Input, words = '', given: Given = {}) => run(`import - ${words}`.trim(), { ...given, input }),
    /** The path of a file in a temporary folder. */
    file,
    write: (name: string, content: string | Buffer) => writeFile(file(name), content),
    read: (name: string) => readFile(file(name), 'utf8'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export type CommandLine = Awaited<ReturnType<typeof aCommandLine>>;

async function runHere(
  words: string,
  settings: Environment,
  { input = '', environment, isTerminal = false, watch }: Given,
) {
  const out: string[] = [];
  const err: string[] = [];
  const stderr = {
    isTTY: watch !== undefined,
    write(written: string) {
      err.push(written);
      watch?.(written);
    },
  };
  const stdout = { isTTY: isTerminal, write: (written: string) => out.push(written) };
  const standard = { stdin: chunksOf(input), stdout, stderr };
  const code = await runCommandLine(words.split(' '), { ...settings, ...environment }, standard);
  return { code, out: out.join(''), err: err.join('') };
}

async function* chunksOf(input: Input): AsyncGenerator<Buffer> {
  if (Array.isArray(input)) yield* input;
  else yield Buffer.from(input as string);
}

const main = join(import.meta.dirname, '../src/main.ts');

/** Starts a command as a separate process, in the folder of its database. */
export function spawnCommand(
  words: string,
  database: FreshDatabase,
  { script = main, environment = {} }: { script?: string; environment?: Environment } = {},
) {
  const child = spawn(process.execPath, [script, ...words.split(' ')], {
    cwd: database.dataDir,
    env: { ...inventoryEnvironment(database), ...quickStart, ...environment },
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.on('error', () => undefined); // the command may exit before it has read everything
  const end = async () => {
    const [out] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { code: child.exitCode, signal: child.signalCode, out, err };
  };
  return { stdin: child.stdin, err: () => err, ended: end() };
}

/** Items as JSON lines. */
export function jsonLines(items: object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

export function parseLines(text: string) {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The first line that an import prints. */
export function summary(added: number, changed: number, same: number): string {
  const total = added + changed + same;
  return `${total} ${total === 1 ? 'line' : 'lines'}: ${added} added, ${changed} changed, ${same} unchanged.\n`;
}

/** Every item, in id order. */
export async function readItems(inventory: { url: string }, page = 1): Promise<Item[]> {
  const { body } = await call(inventory, `GET /api/v1/items?sort=id&size=100&page=${page}`);
  return page < body.pages ? [...body.items, ...(await readItems(inventory, page + 1))] : body.items;
}

/** Makes commands in this process draw their progress bar at every step. */
export function drawnEveryTime(): Disposable {
  let nowMs = 0;
  return vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => {
    nowMs += 1_000;
    return nowMs;
  });
}
