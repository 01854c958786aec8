import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { type DatabaseKind, databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { readMiddlewareConfig } from '../src/config.ts';
import type { LedgerDatabase } from '../src/db/schema.ts';
import type { IntegrationResult } from '../src/delivery.ts';
import { startMiddleware } from '../src/middleware.ts';

type Body = { customerId: number; packages: { customerId: number }[]; results: IntegrationResult[] };

/** A CRM, and an Inventory without idempotency: what is posted twice is there twice. */
async function startNeighbours(takesGroups: boolean) {
  const customers: { id: number; name: string }[] = [];
  const packages: { id: number; customerId: number }[] = [];
  const reports = new Map<number, IntegrationResult>();
  const make = ({ customerId }: { customerId: number }) => {
    const made = { id: 1000 + packages.length, customerId, packageType: 'welcome_pack_v1' };
    packages.push(made);
    return made;
  };
  const routes: Record<string, (query: URLSearchParams, body: Body) => unknown> = {
    'GET /customers': (query) => customers.filter(({ id }) => id > Number(query.get('after'))),
    'PUT /customers/integration': (_query, { results }) => {
      for (const result of results) reports.set(result.customer_id, result);
    },
    'POST /packages': (_query, body) => make(body),
    'GET /packages': (query) => {
      const asked = query.get('customerId')?.split(',').map(Number);
      return packages.filter(({ customerId }) => asked?.includes(customerId));
    },
    ...(takesGroups && {
      'POST /packages/batch': (_query, body) => ({
        results: body.packages.map((request) => ({ status: 201, package: make(request) })),
      }),
    }),
  };
  const neighbours = {
    customers,
    packages,
    reports,
    /** Called when work is done and not answered yet; true: it never is. */
    beforeAnswer: (_request: string): boolean => false,
    url: '',
    addCustomers(count: number) {
      for (let id = customers.length + 1; count > 0; id += 1, count -= 1) customers.push({ id, name: `Customer ${id}` });
    },
    everyoneIsReported: () => reports.size === customers.length,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://neighbours');
    const name = `${request.method} ${pathname}`;
    const route = routes[name];
    const body = request.method === 'GET' ? undefined : await json(request).catch(() => undefined);
    const answer = route?.(searchParams, body as Body);
    if (neighbours.beforeAnswer(name)) return;
    response.writeHead(route ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  neighbours.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return neighbours;
}

type Settings = { kind: DatabaseKind; customers: number; takesGroups: boolean };

/** A ledger between neighbours, all of its own. With groups, one customer has a package before. */
async function aWorld({ kind, customers, takesGroups }: Settings) {
  await using resources = new AsyncDisposableStack();
  const fresh = resources.use(await freshDatabase(kind));
  const neighbours = resources.use(await startNeighbours(takesGroups));
  const environment = {
    PORT: '0',
    DATA_DIR: fresh.dataDir,
    DATABASE_URL: fresh.url,
    LOG_LEVEL: 'error',
    CRM_SERVICE_URL: neighbours.url,
    INVENTORY_SERVICE_URL: neighbours.url,
    // the poll at the start has to do
    POLL_CRON: '0 0 0 1 1 *',
  };
  const world = { ...fresh, neighbours, environment };
  if (takesGroups) {
    neighbours.addCustomers(1);
    await runUntilSettled(world);
  }
  neighbours.addCustomers(customers);
  const running = resources.move();
  return { ...world, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type World = Omit<Awaited<ReturnType<typeof aWorld>>, typeof Symbol.asyncDispose>;

/** Runs a daemon to the end of its work, within this process. */
async function runUntilSettled({ environment, neighbours }: World): Promise<void> {
  const config = readMiddlewareConfig(environment);
  // PostgreSQL may need a moment to see that the one before is gone
  await using _daemon = await eventually(() => startMiddleware(config));
  await eventually(neighbours.everyoneIsReported);
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Runs a daemon until it is killed, or to the end of its work; gives the boundaries that it came to. */
async function runKilled({ environment, neighbours, dataDir }: World, at: string) {
  const file = join(dataDir, 'boundaries');
  await using stack = new AsyncDisposableStack();
  const env = { ...environment, KILL_AT: at, BOUNDARIES_FILE: file, NODE_COMPILE_CACHE: '/tmp/ccache' };
  const daemon = fork(join(import.meta.dirname, 'killed-daemon-main.ts'), {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(daemon, 'exit');
  stack.defer(async () => {
    daemon.kill();
    await exited;
  });
  neighbours.beforeAnswer = (request) => request === at && daemon.kill('SIGKILL');
  await eventually(() => hasEnded(daemon) || neighbours.everyoneIsReported());
  await stack.disposeAsync();
  neighbours.beforeAnswer = () => false;
  const boundaries = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n');
  return { killed: daemon.signalCode === 'SIGKILL', boundaries };
}

async function expectOnePackageEach({ url, neighbours }: World, about: string): Promise<void> {
  const { customers, packages, reports } = neighbours;
  const ids = customers.map(({ id }) => id);
  expect(packages.map(({ customerId }) => customerId).sort((a, b) => a - b), about).toEqual(ids);
  const packageOf = new Map(packages.map(({ id, customerId }) => [customerId, id]));
  const ledger = await openDatabase<LedgerDatabase>({
    url,
    schema: 'middleware',
    migrations: join(import.meta.dirname, '../migrations'),
    onError: () => undefined,
  });
  const rows = await ledger.db
    .selectFrom('deliveries')
    .select(['customer_id', 'state', 'package_id', 'report_pending'])
    .orderBy('customer_id')
    .execute();
  await ledger.close();
  const delivered = (customer_id: number) => ({ customer_id, state: 'delivered', package_id: packageOf.get(customer_id) });
  expect(rows.map((row) => ({ ...row, package_id: Number(row.package_id) })), about).toEqual(
    ids.map((id) => ({ ...delivered(id), report_pending: 0 })),
  );
  expect(ids.map((id) => reports.get(id)), about).toMatchObject(ids.map(delivered));
}

const lanes = 3;

/** Kills a daemon at every boundary that any daemon comes to. Gives those at which one was killed. */
async function killAtEach(settings: Settings): Promise<Set<string>> {
  const known = new Set<string>();
  const tried = new Set<string>();
  const hit = new Set<string>();
  async function killAt(at: string) {
    tried.add(at);
    await using world = await aWorld(settings);
    const { killed, boundaries } = await runKilled(world, at);
    for (const boundary of boundaries) known.add(boundary);
    if (killed) hit.add(at);
    await runUntilSettled(world);
    await expectOnePackageEach(world, `killed ${at}`);
  }
  await killAt('never');
  while (known.difference(tried).size > 0) {
    const rest = known.difference(tried).values();
    const lane = async () => {
      for (const at of rest) await killAt(at);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }
  console.log(known.size, hit.size, [...known].filter((k) => !hit.has(k)), [...hit].join('|'));
  return hit;
}

describe.each(databases)('a daemon on %s', { timeout: 120_000 }, (kind) => {
  it('killed at any boundary leaves one package each', async () => {
    console.time(kind);
    const hit = await killAtEach({ kind, customers: 2, takesGroups: false });
    console.timeEnd(kind);
  });
});
it('group', { timeout: 120_000 }, async () => {
  console.time('group');
  const hit = await killAtEach({ kind: 'sqlite', customers: 60, takesGroups: true });
  console.timeEnd('group');
});
