import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { type DatabaseKind, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { quickStart } from '@doorstep/kit/test/quick-start.ts';
import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import { readMiddlewareConfig } from '../src/config.ts';
import type { LedgerDatabase } from '../src/db/schema.ts';
import { startMiddleware } from '../src/middleware.ts';
import type { DaemonToKill } from './killed-daemon-main.ts';
import { startPlainNeighbours } from './plain-neighbours.ts';

/** A daemon's ledger, with its own CRM and Inventory. */
type World = {
  db: Kysely<LedgerDatabase>;
  neighbours: Awaited<ReturnType<typeof startPlainNeighbours>>;
  environment: Record<string, string>;
  /** The boundaries that the last killed daemon reached, one per line. */
  boundariesFile: string;
};

export type Settings = {
  kind: DatabaseKind;
  takesGroups: boolean;
  /** Number of new customers for each daemon. */
  customers: number;
};

async function aWorld({ kind, takesGroups }: Settings): Promise<World & AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { url, dataDir } = resources.use(await freshDatabase(kind));
  const neighbours = resources.use(await startPlainNeighbours({ takesGroups }));
  const migrations = join(import.meta.dirname, '../migrations');
  const onError = () => undefined;
  const ledger = await openDatabase<LedgerDatabase>({ url, schema: 'middleware', migrations, onError });
  resources.defer(() => ledger.close());
  const environment = {
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    LOG_LEVEL: 'error',
    CRM_SERVICE_URL: neighbours.url,
    INVENTORY_SERVICE_URL: neighbours.url,
    // a post whose answer is lost settles soon: this Inventory does nothing late
    DELIVERY_TIMEOUT_MS: '4000',
    DELIVERY_SETTLE_MS: '0',
    // only the poll at the start
    POLL_CRON: '0 0 0 1 1 *',
  };
  const world = { db: ledger.db, neighbours, environment, boundariesFile: join(dataDir, 'boundaries') };
  if (takesGroups) {
    // a look-up of many needs witnesses: customers whose packages are known
    neighbours.addCustomers(2);
    await runToTheEnd(world, 'at first');
  }
  const opened = resources.move();
  return { ...world, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Runs a daemon in this process until its work is done; a failure names `after`, the place of the kill. */
async function runToTheEnd(world: World, after: string): Promise<void> {
  const config = readMiddlewareConfig(world.environment);
  // PostgreSQL may take a moment to notice that the previous daemon is gone
  await using _daemon = await eventually(() => startMiddleware(config));
  await eventually(async () => expect(await isSettled(world), `${after}: settled`).toBe(true));
}

/** `at`: a boundary of the daemon, or a request that gets no answer. */
type Kill = { world: World; at: string };

/** Restarts each killed daemon, and expects exactly one package for every customer. */
async function restart(kills: Kill[]): Promise<void> {
  await Promise.all(kills.map(({ world, at }) => runToTheEnd(world, `killed at ${at}`)));
  for (const { world, at } of kills) await expectOnePackageEach(world, `killed at ${at}`);
}

/** Every delivery is delivered or dead, and reported to the CRM. */
async function isSettled({ db, neighbours: { customers, reports } }: World): Promise<boolean> {
  if (reports.size < customers.length) return false;
  const open = await db
    .selectFrom('deliveries')
    .select('customer_id')
    .where((eb) => eb.or([eb('due_at', 'is not', null), eb('report_pending', '=', 1)]))
    .executeTakeFirst();
  return !open;
}

async function expectOnePackageEach({ db, neighbours }: World, after: string): Promise<void> {
  const { customers, packages, reports } = neighbours;
  const ids = customers.map(({ id }) => id);
  expect(
    packages.map(({ customerId }) => customerId).sort((a, b) => a - b),
    after,
  ).toEqual(ids);
  const packageOf = new Map(packages.map(({ id, customerId }) => [customerId, id]));
  const ends = ids.map((id) => ({ customer_id: id, state: 'delivered', package_id: packageOf.get(id) }));
  expect(
    ids.map((id) => reports.get(id)),
    after,
  ).toMatchObject(ends);
  const columns = ['customer_id', 'state', 'package_id'] as const;
  const rows = await db.selectFrom('deliveries').select(columns).orderBy('customer_id').execute();
  expect(
    rows.map((row) => ({ ...row, package_id: Number(row.package_id) })),
    after,
  ).toEqual(ends);
}

/**
 * Runs all daemons in one process, because a start is slow: each until it stops at its place, or has no work left.
 * Then kills the process, and returns the places at which a daemon had stopped.
 */
async function kill(kills: Kill[]): Promise<string[]> {
  for (const { world } of kills) await rm(world.boundariesFile, { force: true });
  const daemons = kills.map(({ world, at }): DaemonToKill => {
    world.neighbours.leaveUnanswered(at);
    return { environment: world.environment, stopAt: at, boundariesFile: world.boundariesFile };
  });
  const child = fork(join(import.meta.dirname, 'killed-daemon-main.ts'), {
    env: { ...quickStart, DAEMONS: JSON.stringify(daemons) },
    execArgv: [],
  });
  const exited = once(child, 'exit');
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error('the daemons have ended by themselves');
      const ends = kills.map(async (one) => (await hasStopped(one)) || (await isAtRest(one.world)));
      return (await Promise.all(ends)).every(Boolean);
    });
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  const stopped = await Promise.all(kills.map(async (one) => ((await hasStopped(one)) ? [one.at] : [])));
  for (const { world } of kills) world.neighbours.leaveUnanswered('');
  return stopped.flat();
}

async function boundariesOf({ boundariesFile }: World): Promise<string[]> {
  return (await readFile(boundariesFile, 'utf8').catch(() => '')).trim().split('\n');
}

async function hasStopped({ world, at }: Kill): Promise<boolean> {
  return world.neighbours.hasLeftUnanswered() || (await boundariesOf(world)).at(-1) === at;
}

/** Long enough for a settled daemon to check once more for due deliveries. */
const restMs = 200;

async function isAtRest(world: World): Promise<boolean> {
  return (await isSettled(world)) && Date.now() - (await stat(world.boundariesFile)).mtimeMs > restMs;
}

const worldsMax = 15;

/** Kills a daemon at each of these places and at the first occurrence of every other boundary. Returns the places. */
export async function killAtEach(places: string[], settings: Settings): Promise<string[]> {
  await using resources = new AsyncDisposableStack();
  const known = new Set(['nowhere', ...places]);
  const tried = new Set<string>();
  const killed: string[] = [];
  const worlds: World[] = [];
  while (known.size > tried.size) {
    const next = [...known.difference(tried)].slice(0, worldsMax);
    while (worlds.length < next.length) worlds.push(resources.use(await aWorld(settings)));
    const kills = next.map((at, index) => ({ world: worlds[index] as World, at }));
    for (const { world } of kills) world.neighbours.addCustomers(settings.customers);
    killed.push(...(await kill(kills)));
    for (const { world, at } of kills) {
      tried.add(at);
      // a second occurrence of a boundary is the same step again
      for (const boundary of await boundariesOf(world)) if (boundary.endsWith(' 1')) known.add(boundary);
    }
    await restart(kills);
  }
  return killed;
}

/** Kills each daemon twice: at the first place and, after a restart, at the second. */
export async function killTwice(pairs: [string, string][], settings: Settings): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const worlds: World[] = [];
  for (const _pair of pairs) worlds.push(resources.use(await aWorld(settings)));
  for (const world of worlds) world.neighbours.addCustomers(settings.customers);
  const kills = (turn: 0 | 1) => worlds.map((world, index) => ({ world, at: pairs[index]?.[turn] ?? '' }));
  expect(await kill(kills(0))).toEqual(pairs.map(([first]) => first));
  expect(await kill(kills(1))).toEqual(pairs.map(([, second]) => second));
  await restart(kills(1));
}
