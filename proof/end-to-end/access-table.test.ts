import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { startCrm } from '@doorstep/crm/src/crm.ts';
import { access } from '@doorstep/crm/src/http/access.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { access as inventoryAccess } from '@doorstep/inventory/src/http/access.ts';
import { startInventory } from '@doorstep/inventory/src/inventory.ts';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { readMiddlewareConfig } from '@doorstep/middleware/src/config.ts';
import { startMiddleware } from '@doorstep/middleware/src/middleware.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  askEveryCell,
  type Caller,
  type Cell,
  callerNames,
  ownOperations,
  refusalOf,
  type Service,
  type Services,
  secretKey,
  toMarkdown,
} from './access-table.ts';

/** Starts all three services, with customers 1 and 2 in the CRM. */
async function startServices(REQUIRE_AUTH: string) {
  await using resources = new AsyncDisposableStack();
  const { dataDir } = resources.use(await freshDatabase('sqlite'));
  const settings = {
    DATA_DIR: dataDir,
    PORT: '0',
    LOG_LEVEL: 'error',
    ADMIN_PASSWORD: 'correct horse battery',
    JWT_SECRET_KEY: secretKey,
    REQUIRE_AUTH,
  };
  const inventory = resources.use(await startInventory(readInventoryConfig(settings)));
  const neighbour = { INVENTORY_SERVICE_URL: inventory.url };
  const crm = resources.use(await startCrm(readCrmConfig({ ...settings, ...neighbour })));
  const neighbours = { ...neighbour, CRM_SERVICE_URL: crm.url, POLL_CRON: '0 0 0 1 1 *' };
  const middleware = resources.use(await startMiddleware(readMiddlewareConfig({ ...settings, ...neighbours })));
  const token = await createTokens(secretKey).sign({ subject: 'admin', role: 'admin', version: 1 }, 86_400);
  for (const email of ['owner@example.com', 'other@example.com']) {
    const options = { body: { name: 'Alice', email }, headers: { Authorization: `Bearer ${token}` } };
    await call(crm, 'POST /v1/customers', options);
  }
  const owned = resources.move();
  const services: Services = { crm, inventory, middleware };
  return { services, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const modes = ['true', 'false'] as const;

/** Written by hand, so that a wrong row of the table does not pass. */
const always: [service: Service, operation: string, answers: Partial<Record<Caller, number>>][] = [
  ['crm', 'POST /v1/auth/login', { 'no token': 400, 'wrong token': 400, admin: 400 }],
  ['crm', 'GET /v1/customers', { 'no token': 401, owner: 403, service: 403, operator: 403, admin: 200 }],
  ['crm', 'POST /v1/customers', { 'no token': 401, owner: 403, service: 403, 'unknown role': 403, admin: 400 }],
  [
    'crm',
    'GET /v1/customers/{id}',
    { 'no token': 401, owner: 200, 'other customer': 403, service: 403, 'unknown role': 403, admin: 200 },
  ],
  [
    'crm',
    'PUT /v1/customers/{id}',
    { 'wrong token': 401, owner: 200, 'other customer': 403, service: 403, 'unknown role': 403, admin: 200 },
  ],
  ['crm', 'DELETE /v1/customers/{id}', { 'no token': 401, owner: 403, service: 403, admin: 412 }],
  ['crm', 'POST /v1/customers/{id}/restore', { 'no token': 401, owner: 403, service: 403, admin: 200 }],
  ['crm', 'GET /v1/events', { 'no token': 401, owner: 403, service: 403, operator: 403, admin: 200 }],
  ['crm', 'GET /api/v1/customers/my-items', { 'no token': 401, owner: 200, service: 403, operator: 403, admin: 403 }],
  ['crm', 'GET /api/v1/customers/my-items/search', { 'wrong token': 401, owner: 200, service: 403, admin: 403 }],
  ['crm', 'GET /api/v1/customers/my-items/{id}', { 'no token': 401, service: 403, admin: 403, owner: 404 }],
];
const withTokens: typeof always = [
  ['crm', 'POST /customers', { 'no token': 401, owner: 403, service: 403, operator: 403, admin: 400 }],
  ['crm', 'GET /customers', { 'no token': 401, owner: 403, service: 200, operator: 403, admin: 200 }],
  ['crm', 'PUT /customers/integration', { 'no token': 401, owner: 403, service: 400, operator: 403, admin: 400 }],
  ['crm', 'GET /leads', { 'no token': 401, owner: 403, service: 403, 'unknown role': 403, admin: 200 }],
  ['inventory', 'POST /packages', { 'no token': 401, owner: 403, service: 400, operator: 403, admin: 400 }],
  ['inventory', 'GET /packages', { 'wrong token': 401, owner: 403, 'other customer': 403, service: 200 }],
  ['inventory', 'PATCH /packages/{id}', { 'no token': 401, owner: 403, service: 403, operator: 403, admin: 400 }],
  ['inventory', 'GET /api/v1/items', { 'wrong token': 401, owner: 403, operator: 403, service: 200, admin: 200 }],
  ['inventory', 'POST /api/v1/items', { 'no token': 401, owner: 403, service: 403, 'unknown role': 403, admin: 400 }],
  ['inventory', 'PATCH /api/v1/items/{id}/quantity', { 'no token': 401, owner: 403, service: 403, admin: 400 }],
  ['inventory', 'PUT /api/v1/kits/{package_type}', { 'no token': 401, owner: 403, service: 403, admin: 400 }],
  ['middleware', 'POST /poll', { 'no token': 401, owner: 403, service: 403, operator: 200, admin: 200 }],
  ['middleware', 'GET /status', { 'wrong token': 401, owner: 403, service: 403, operator: 200, admin: 200 }],
];
const withoutTokens: typeof always = [
  ['crm', 'POST /customers', { 'no token': 400, 'wrong token': 400, owner: 400 }],
  ['crm', 'GET /customers', { 'no token': 200, 'wrong token': 200, owner: 200 }],
  ['inventory', 'GET /packages', { 'no token': 200, owner: 200 }],
  ['middleware', 'GET /status', { 'no token': 200, owner: 200 }],
];

describe.each(modes)('with REQUIRE_AUTH=%s', (mode) => {
  const resources = new AsyncDisposableStack();
  let services: Services;
  let cells: Cell[];
  beforeAll(async () => {
    ({ services } = resources.use(await startServices(mode)));
    cells = await askEveryCell(services);
    if (process.env['PRINT_TABLE']) process.stdout.write(`\nREQUIRE_AUTH=${mode}\n\n${toMarkdown(cells)}`);
  });
  afterAll(() => resources.disposeAsync());

  it('every route answers every caller as the access tables say', () => {
    const wrong = cells.filter((cell) => {
      const refusal = refusalOf(cell, mode === 'true');
      return refusal === undefined ? cell.status === 401 || cell.status === 403 : cell.status !== refusal;
    });

    expect(wrong).toEqual([]);
    expect(new Set(cells.map(({ caller }) => caller))).toEqual(new Set(callerNames));
  });

  it('no caller makes a route fail', () => {
    expect(cells.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('no other spelling of a path, and no HEAD, lets a caller without a token pass', async () => {
    const refused = cells.filter(({ caller, status }) => caller === 'no token' && status === 401);
    const paths = refused.filter(({ operation }) => operation.startsWith('GET '));

    const answers = await Promise.all(
      paths.flatMap(({ service, operation }) => {
        const path = operation.slice('GET '.length).replace(/\{\w+\}/, '1');
        const encoded = path.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
        const ask = async (method: string, spelled: string) => {
          return { method, spelled, status: (await fetch(services[service].url + spelled, { method })).status };
        };
        const others = [`${path}/`, path.toUpperCase(), encoded, `/${path}`];
        return [ask('HEAD', path), ...others.map((other) => ask('GET', other))];
      }),
    );

    expect(answers.filter(({ status }) => status !== 401 && status !== 404)).toEqual([]);
    expect(answers).toContainEqual({ method: 'HEAD', spelled: '/v1/customers', status: 401 });
  });

  it.each([
    ['crm', access],
    ['inventory', inventoryAccess],
  ] as const)('%s has a route for every row of its table, and a row for every route', async (name, table) => {
    expect((await ownOperations(services[name])).sort()).toEqual(Object.keys(table).sort());
  });

  it.each([...always, ...(mode === 'true' ? withTokens : withoutTokens)])('%s answers %s as written here', (...row) => {
    const [service, operation, answers] = row;

    const asked = cells.filter((cell) => cell.service === service && cell.operation === operation);

    expect(Object.fromEntries(asked.map(({ caller, status }) => [caller, status]))).toMatchObject(answers);
  });
});
