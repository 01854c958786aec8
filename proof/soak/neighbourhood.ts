import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';
import { createClock } from './clock.ts';
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';
import { freePort } from './free-ports.ts';
import type { Journal } from './journal.ts';
import { type PostgresProcess, startPostgres } from './postgres-process.ts';
import type { Random } from './random.ts';
import { type Read, readPostgres, readSqlite } from './read-databases.ts';
import { createServiceProcess, type Environment, type ServiceName, serviceNames } from './service-process.ts';
import { startSlowInventory } from './slow-inventory.ts';
import { mountSmallDisk } from './small-disk.ts';

type Options = {
  kind: DatabaseKind;
  /** `slow`: the middleware delivers to an Inventory that is slow and does not refuse doubles. */
  inventory: 'ours' | 'slow';
  folder: string;
  faketime: string | undefined;
  random: Random;
  journal: Journal;
  over: AbortSignal;
  ended: AbortSignal;
  /** Whether the files of the small disk are kept after the run. */
  keeps: () => boolean;
};

export type Neighbourhood = Awaited<ReturnType<typeof startNeighbourhood>>;

/** Starts the three services as users run them, with faulty proxies between them and the ledger on a small disk. */
export async function startNeighbourhood(options: Options) {
  const { kind, inventory, folder, faketime, random, journal, over, ended, keeps } = options;
  await using resources = new AsyncDisposableStack();
  for (const name of serviceNames) mkdirSync(join(folder, name), { recursive: true });
  const diskPath = join(folder, kind === 'sqlite' ? 'middleware' : 'small-disk');
  const disk = mountSmallDisk(diskPath);
  resources.defer(() => disk?.unmount(keeps()));
  const smallDisk = disk && diskPath;
  const postgres =
    kind === 'postgres' ? resources.use(await startPostgres({ folder, smallDisk, journal, ended })) : undefined;

  const ports = { crm: await freePort(), inventory: await freePort(), middleware: await freePort() };
  const slow =
    inventory === 'slow' ? resources.use(await startSlowInventory({ folder, random: random.fork('slow') })) : undefined;
  const proxies: FaultyProxy[] = [];
  const proxyTo = async (from: string, to: 'crm' | 'inventory', targetPort = ports[to]) => {
    const name = `${from} to ${to}`;
    const options = { name, targetPort, random: random.fork(name), journal, over };
    const proxy = resources.use(await startFaultyProxy(options));
    proxies.push(proxy);
    return proxy.url;
  };
  const jwtSecretKey = randomBytes(32).toString('base64url');
  const environments = makeEnvironments({ folder, ports, jwtSecretKey, postgres });
  environments.crm['INVENTORY_SERVICE_URL'] = await proxyTo('crm', 'inventory');
  environments.middleware['CRM_SERVICE_URL'] = await proxyTo('middleware', 'crm');
  environments.middleware['INVENTORY_SERVICE_URL'] = await proxyTo('middleware', 'inventory', slow?.port);
  const crmByProxy = await proxyTo('clients', 'crm');

  const clocks = new Map(serviceNames.map((name) => [name, createClock(faketime, join(folder, `${name}.clock`))]));
  const start = (name: ServiceName) => {
    const environment = { ...environments[name], ...clocks.get(name)?.environment };
    const mayFailToStart = kind === 'postgres' || name === 'middleware';
    return resources.use(createServiceProcess({ name, environment, folder, journal, mayFailToStart, ended }));
  };
  const services = { crm: start('crm'), inventory: start('inventory'), middleware: start('middleware') };
  await Promise.all(Object.values(services).map((service) => service.start()));
  const readOurs: Read = postgres ? readPostgres(postgres.url) : readSqlite(folder);
  const read: Read = (schema, sql) => (slow && schema === 'inventory' ? slow.read(schema, sql) : readOurs(schema, sql));
  const running = resources.move();
  return {
    services,
    postgres,
    disk,
    clocks,
    read,
    jwtSecretKey,
    crmByProxy,
    urls: { crm: urlOf(ports.crm), middleware: urlOf(ports.middleware) },
    /** The environment of the command line: it bypasses the proxies and shares the daemon's clock. */
    directEnvironment: {
      ...services.middleware.environment,
      CRM_SERVICE_URL: urlOf(ports.crm),
      INVENTORY_SERVICE_URL: urlOf(slow?.port ?? ports.inventory),
    } as Environment,
    endFaults() {
      for (const proxy of proxies) proxy.passAll();
      for (const clock of clocks.values()) clock.move(0);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const urlOf = (port: number) => `http://127.0.0.1:${port}`;

/** Long enough that no delivery runs out of attempts because of the injected faults. */
const retrySchedule = ['1s', '2s', '3s', ...Array(500).fill('5s')].join();

type Means = {
  folder: string;
  ports: Record<ServiceName, number>;
  jwtSecretKey: string;
  postgres: PostgresProcess | undefined;
};

function makeEnvironments({ folder, ports, jwtSecretKey, postgres }: Means): Record<ServiceName, Environment> {
  const common = (name: ServiceName) => ({
    PORT: String(ports[name]),
    DATA_DIR: join(folder, name),
    JWT_SECRET_KEY: jwtSecretKey,
    LOG_FORMAT: 'json',
    ...(postgres && { DATABASE_URL: name === 'middleware' ? postgres.ledgerUrl : postgres.url }),
  });
  return {
    crm: { ...common('crm'), ADMIN_PASSWORD: randomBytes(15).toString('base64url') },
    inventory: common('inventory'),
    middleware: {
      ...common('middleware'),
      POLL_CRON: '*/2 * * * * *',
      // a reconciliation would repair what a poll has missed
      RECONCILE_CRON: '0 0 0 1 1 *',
      DELIVERY_TIMEOUT_MS: '3000',
      // at an Inventory that does not refuse doubles: longer than it needs for a post and its list, behind a slow proxy
      DELIVERY_SETTLE_MS: '20000',
      DELIVERY_RETRIES: '2',
      RETRY_SCHEDULE: retrySchedule,
    },
  };
}
