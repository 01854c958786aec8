import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { call } from '@doorstep/kit/test/call.ts';
import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { quickStart } from '@doorstep/kit/test/quick-start.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { runCommandLine } from '../src/cli/command-line.ts';
import { aNeighbourhood } from './a-daemon.ts';

const main = join(import.meta.dirname, '../src/main.ts');

type Environment = Record<string, string>;
type Options = { customers?: number; refusals?: [customerId: number, status: number][]; environment?: Environment };

/** An empty ledger to run commands on, with a CRM and an Inventory; retries come after an hour. */
export async function aCommandLine(kind: DatabaseKind, { customers = 0, refusals = [], environment }: Options = {}) {
  await using resources = new AsyncDisposableStack();
  const common = { RETRY_SCHEDULE: '1h', LOG_LEVEL: 'info', INVENTORY_IDEMPOTENCY: 'permanent', ...quickStart };
  const { crm, inventory, settings } = resources.use(await aNeighbourhood(kind, { ...common, ...environment }));
  await makeLedger(settings.DATABASE_URL);
  const add = (...ids: number[]) => void crm.customers.push(...ids.map((id) => ({ id, name: `Customer ${id}` })));
  for (let id = 1; id <= customers; id += 1) add(id);
  for (const [customerId, status] of refusals) inventory.refusals.set(customerId, status);
  const running = resources.move();
  return {
    crm,
    inventory,
    settings,
    add,
    /** Runs the command in this process. */
    run: (words: string, overrides: Environment = {}) =>
      runHere(words, { ...settings, LOG_LEVEL: 'error', ...overrides }),
    /** Runs the command as a process, in a folder without an `.env` unless the test writes one. */
    spawn: (words: string, overrides: Environment = {}) =>
      runMain(words, settings.DATA_DIR, { ...settings, ...overrides }),
    /** Like `spawn`, but with standard output closed. */
    runUnread: (words: string) => runMain(words, settings.DATA_DIR, settings, false),
    /** Starts a daemon and waits for its first poll and, unless deliveries are paused, for the resulting attempts. */
    async startDaemon({ isPaused = false } = {}) {
      const daemon = running.use(await spawnService('middleware', settings));
      await eventually(async () => {
        const { body } = await call(daemon, 'GET /metrics'); // needs neither a token nor an allowed host name
        return /^polls_total\{.*\} 1$/m.test(body) && (isPaused || /^deliveries\{state="pending"\} 0$/m.test(body));
      });
      return daemon;
    },
    /** The customer id of each package, in order. */
    served: () => inventory.packages.map(({ customerId }) => customerId).sort((a, b) => a - b),
    removePackage(customer: number) {
      const index = inventory.packages.findIndex(({ customerId }) => customerId === customer);
      inventory.packages.splice(index, 1);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export type CommandLine = Awaited<ReturnType<typeof aCommandLine>>;

/** Commands run one at a time: two that wait for each other's file lock would block the only thread. */
let turn: Promise<unknown> = Promise.resolve();

function runHere(words: string, environment: Environment) {
  const run = turn.then(() => runInTurn(words, environment));
  turn = run.catch(() => undefined);
  return run;
}

async function runInTurn(words: string, environment: Environment) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  };
  const code = await runCommandLine(words.split(' '), environment, terminal);
  return { code, out: out.join(''), err: err.join('') };
}

/** Runs a command as its own process until it exits; returns standard output and standard error separately. */
export async function runMain(words: string, folder: string, environment: Environment, isRead = true) {
  const child = spawn(process.execPath, [main, ...words.split(' ')], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (!isRead) child.stdout.destroy();
  const [out, err] = await Promise.all([isRead ? text(child.stdout) : '', text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, out, err };
}

/** Creates the ledger, as a daemon does at its first start. */
async function makeLedger(url: string) {
  const migrations = join(import.meta.dirname, '../migrations');
  const ledger = await openDatabase({ url, schema: 'middleware', migrations, onError: () => undefined });
  await ledger.close();
}

export const oneSentence = /^[^\n]+\n$/;

/** Parses output that has one JSON value per line. */
export const parseLines = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
