import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, freshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { expect } from 'vitest';
import { readMiddlewareConfig } from '../src/config.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { startMiddleware } from '../src/middleware.ts';
import { fakeLogger } from './fakes.ts';
import { startSmallCrm, startSmallInventory } from './neighbours.ts';

const never = '0 0 0 1 1 *';
const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';
const tokens = createTokens(JWT_SECRET_KEY);

export const as = async (role: string) => ({
  Authorization: `Bearer ${await tokens.sign({ subject: '7', role }, 86_400)}`,
});

/** A CRM, an Inventory, and the settings of a daemon between them, which polls at its start and on request. */
export async function aNeighbourhood(kind: DatabaseKind, environment: Record<string, string> = {}) {
  await using resources = new AsyncDisposableStack();
  const { dataDir, url } = resources.use(await freshDatabase(kind));
  const crm = resources.use(await startSmallCrm());
  const inventory = resources.use(await startSmallInventory());
  const settings = {
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    JWT_SECRET_KEY,
    LOG_LEVEL: 'error',
    CRM_SERVICE_URL: crm.url,
    INVENTORY_SERVICE_URL: inventory.url,
    POLL_CRON: never,
    RECONCILE_CRON: never,
    DELIVERY_RETRIES: '0',
    ...environment,
  };
  const running = resources.move();
  return { crm, inventory, settings, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A daemon in this process, after its first poll, with `customers` in the CRM from the start. */
export async function aDaemon(
  kind: DatabaseKind,
  { environment = {}, customers = 0, clock = systemClock }: DaemonOptions = {},
) {
  await using resources = new AsyncDisposableStack();
  const { crm, inventory, settings } = resources.use(await aNeighbourhood(kind, environment));
  const addCustomer = () => {
    const id = crm.customers.length + 1;
    crm.customers.push({ id, name: `Customer ${id}` });
    return id;
  };
  for (let count = 0; count < customers; count += 1) addCustomer();
  const adapt = (context: MiddlewareContext) => ({ ...context, logger: fakeLogger() });
  const start = () =>
    startedPatiently(() => startMiddleware(readMiddlewareConfig({ PORT: '0', ...settings }), { clock, adapt }));
  let middleware = await start();
  resources.defer(() => middleware[Symbol.asyncDispose]());
  const headers = await as('admin');
  const get = async (path: string) => (await call(middleware, `GET ${path}`, { headers })).body;
  const hasPolled = () => eventually(async () => (await get('/status')).last_poll !== null);
  await hasPolled();
  const running = resources.move();
  return {
    get url() {
      return middleware.url;
    },
    crm,
    inventory,
    /** For the next start. */
    settings: settings as Record<string, string>,
    addCustomer,
    get,
    post: (path: string, body?: unknown) => call(middleware, `POST ${path}`, { body, headers }),
    stateOf: async (id: number) => (await get(`/deliveries/${id}`)).state,
    becomes: (id: number, state: string) =>
      eventually(async () => expect((await get(`/deliveries/${id}`)).state).toBe(state)),
    async restart() {
      await middleware[Symbol.asyncDispose]();
      middleware = await start();
      await hasPolled();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type DaemonOptions = { environment?: Record<string, string>; customers?: number; clock?: Clock };

export type Daemon = Awaited<ReturnType<typeof aDaemon>>;

export const idsOf = (rows: { customer_id: number }[]) => rows.map(({ customer_id }) => customer_id);
