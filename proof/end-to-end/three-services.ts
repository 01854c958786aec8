import { call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { type SpawnedService, spawnService } from '@doorstep/kit/test/spawn-service.ts';

type Name = 'crm' | 'inventory' | 'middleware';
type Environment = Record<string, string>;

/** The three as processes of their own, each polling and retrying as fast as it may, on databases that are gone afterwards. */
export async function startThree(kind: DatabaseKind, overrides: Partial<Record<Name, Environment>> = {}) {
  await using resources = new AsyncDisposableStack();
  const fresh = resources.use(await freshDatabase(kind));
  const common: Environment = {
    DATA_DIR: fresh.dataDir,
    POLL_CRON: '* * * * * *',
    RETRY_SCHEDULE: Array(30).fill('1s').join(),
    ...(kind === 'postgres' && { DATABASE_URL: fresh.url }),
  };
  const services = new Map<Name, SpawnedService>();
  const environments = new Map<Name, Environment>();

  async function start(name: Name, environment: Environment = {}) {
    const settings = { ...common, ...overrides[name], ...environments.get(name), ...environment };
    const service = await spawnService(name, settings);
    // the others know it by its port, so it comes back on the same one
    environments.set(name, { ...settings, PORT: new URL(service.url).port });
    services.set(name, service);
    return service;
  }

  resources.defer(async () => {
    for (const service of services.values()) await service[Symbol.asyncDispose]();
  });
  const crm = await start('crm');
  const inventory = await start('inventory');
  await start('middleware', { CRM_SERVICE_URL: crm.url, INVENTORY_SERVICE_URL: inventory.url });
  const running = resources.move();
  return {
    crm: { url: crm.url },
    inventory: { url: inventory.url },
    get middleware() {
      return services.get('middleware') as SpawnedService;
    },
    settings: (name: Name) => environments.get(name) ?? {},
    kill: (name: Name) => services.get(name)?.end('SIGKILL'),
    restart: start,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type Service = { url: string };
export type Customer = { id: number; name: string; email: string };

/** Posts until the CRM has answered 201, as a careful client would; a customer that is there already is fine. */
async function addCustomer(crm: Service, customer: { name: string; email: string }): Promise<number> {
  return eventually(async () => {
    const { status, body } = await call(crm, 'POST /customers', { body: customer });
    if (status === 201) return body.id;
    if (status === 409) return body.existing_id;
    throw new Error(`the CRM answered ${status}`);
  });
}

/** Everything in a feed, page by page. */
export async function readFeed<Row extends { id: number }>(service: Service, path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const { body } = await call(service, `GET ${path}?after=${rows.at(-1)?.id ?? 0}`);
    rows.push(...body);
    if (body.length < 1000) return rows;
  }
}

type Package = { id: number; customerId: number; customerName: string; packageType: string };

/** Waits until each customer has exactly one welcome package, under its own name, and there is no other package. */
export async function everyCustomerHasOnePackage(crm: Service, inventory: Service): Promise<void> {
  await eventually(async () => {
    const customers = await readFeed<Customer>(crm, '/customers');
    const packages = await readFeed<Package>(inventory, '/packages');
    const wanted = customers.map(({ id, name }) => `${id} ${name} welcome_pack_v1`).sort();
    const made = packages.map((made) => `${made.customerId} ${made.customerName} ${made.packageType}`).sort();
    if (made.join('\n') !== wanted.join('\n'))
      throw new Error(`${made.length} packages for ${wanted.length} customers`);
  });
}

/** So many customers to add. */
export const numbered = (count: number, label: string) =>
  Array.from({ length: count }, (_, index) => ({ name: `${label} ${index}`, email: `${label}-${index}@example.com` }));

/** Adds them, ten clients at once. */
export async function addAll(crm: { url: string }, customers: { name: string; email: string }[]): Promise<void> {
  const rest = customers.values();
  const client = async () => {
    for (const customer of rest) await addCustomer(crm, customer);
  };
  await Promise.all(Array.from({ length: 10 }, client));
}

export const delivered = async (middleware: { url: string }): Promise<number> =>
  (await call(middleware, 'GET /status')).body.deliveries.delivered;
