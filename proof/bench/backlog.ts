import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFrontWithoutBatch } from './front-without-batch.ts';
import { inTurns, type Line, toLine } from './line.ts';
import { type Environment, startProcess } from './processes.ts';
import { launchMiddleware, packageLine, startNeighbours } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const plainLoop = join(import.meta.dirname, 'plain-loop-main.ts');

type Neighbours = Awaited<ReturnType<typeof startNeighbours>>;

/** What a measured program works with. `resources` are released after the measurement. */
type Site = {
  neighbours: Neighbours;
  environment: Environment;
  resources: AsyncDisposableStack;
  /** Restarts the clock, so that the set-up before it is not measured. */
  begin(): void;
};
export type Work = (site: Site) => Promise<void>;

export type Backlog = { workplace: Workplace; kind: DatabaseKind; customers: number };

/**
 * Customers per second, from the start of the work or from its call of `begin`, until the last customer has a package
 * and the program has recorded it.
 */
export async function measureBacklog({ workplace, kind, customers }: Backlog, work: Work): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const { environment } = resources.use(await workplace.install(kind, { customers, delivered: false }));
  const neighbours = resources.use(await startNeighbours(environment));
  let startedAt = performance.now();
  const begin = () => {
    startedAt = performance.now();
  };
  await inTime(work({ neighbours, environment, resources, begin }));
  const seconds = (performance.now() - startedAt) / 1000;
  await ensureAllDelivered(neighbours.inventory.at, customers);
  return customers / seconds;
}

const timeoutMs = 180_000;

/** Rejects if the work takes more than three minutes. */
export function inTime(work: Promise<void>): Promise<void> {
  const tooLate = sleep(timeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`the backlog was not finished within ${timeoutMs / 1000} s`);
  });
  return Promise.race([work, tooLate]);
}

/** A program that skips customers must not count as fast. */
async function ensureAllDelivered(inventory: string, customers: number) {
  const response = await fetch(`${inventory}/packages?after=${customers - 1}`);
  const { length } = (await response.json()) as unknown[];
  if (length !== 1)
    throw new Error(`found ${length} packages where there must be one, for the last of ${customers} customers`);
}

export const byMiddleware =
  (customers: number): Work =>
  async ({ neighbours, environment, resources }) => {
    const middleware = resources.use(launchMiddleware(neighbours, environment));
    await middleware.hasWritten(packageLine, customers);
  };

const byMiddlewareWithoutBatch =
  (customers: number): Work =>
  async ({ neighbours: { crm, inventory }, environment, resources }) => {
    const front = resources.use(await startFrontWithoutBatch(inventory.at));
    const middleware = resources.use(launchMiddleware({ crm, inventory: { at: front.url } }, environment));
    await middleware.hasWritten(packageLine, customers);
  };

const byPlainLoop =
  (atOnce: number): Work =>
  async ({ neighbours: { crm, inventory }, environment }) => {
    const words = [crm.at, inventory.at, join(environment['DATA_DIR'] ?? '', 'seen.db'), String(atOnce)];
    await startProcess(plainLoop, {}, words).ended;
  };

/** Programs that keep the same pace from the first customer to the last are measured on this many, to save time. */
export const slowMax = 4_000;

/** The backlog: the middleware with and without the batch route, against plain loops that post 1 or 16 at once. */
export async function backlogLines(backlog: Backlog, rounds: number): Promise<Line[]> {
  const { customers, kind } = backlog;
  const shorter = { ...backlog, customers: Math.min(customers, slowMax) };
  const measured = await inTurns(rounds, {
    ours: () => measureBacklog(backlog, byMiddleware(customers)),
    loop: () => measureBacklog(shorter, byPlainLoop(1)),
    single: () => measureBacklog(shorter, byMiddlewareWithoutBatch(shorter.customers)),
    loop16: () => measureBacklog(shorter, byPlainLoop(16)),
  });
  const of = (count: number) => count.toLocaleString('en');
  const name = `backlog of ${of(customers)} (${kind})`;
  const singleName = `backlog of ${of(shorter.customers)} (${kind}), no batch route`;
  const words = { unit: '/s', better: 'more' } as const;
  const loop = `plain loop, over ${of(shorter.customers)}`;
  const loop16 = `plain loop, 16 at once, over ${of(shorter.customers)}`;
  const line = (what: string, than: string, ours: 'ours' | 'single', theirs: 'loop' | 'loop16') =>
    toLine(
      { ...words, name: what, than },
      measured.map((round) => ({ ours: round[ours], theirs: round[theirs] })),
    );
  return [
    line(name, loop, 'ours', 'loop'),
    line(name, loop16, 'ours', 'loop16'),
    line(singleName, loop, 'single', 'loop'),
    line(singleName, loop16, 'single', 'loop16'),
  ];
}
