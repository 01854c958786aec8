import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { startCrm } from '@doorstep/crm/src/crm.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { startInventory } from '@doorstep/inventory/src/inventory.ts';
import { parseEnv } from '@doorstep/kit/process/parse-env.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { readMiddlewareConfig } from '@doorstep/middleware/src/config.ts';
import { startMiddleware } from '@doorstep/middleware/src/middleware.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, requestsOfEarlierClients } from './earlier-clients.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/earlier-systems.md'), 'utf8');
const settings = Object.fromEntries(parseEnv(readFileSync(join(root, '.env.example'), 'utf8'), {}).values);

/** The second cells of all tables whose first column has that heading. */
function columnOfDoorstep(heading: 'route' | 'setting'): string[] {
  const tables = page.match(/^(\|.*\n)+/gm) ?? [];
  const chosen = tables.filter((table) => table.startsWith(`| ${heading} | Doorstep |`));
  const rows = chosen.flatMap((table) => table.trim().split('\n').slice(2));
  return rows.map((row) => row.split(' | ')[1] ?? '');
}

describe.each(databases)('what the clients of the earlier systems ask for, on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  const services = {} as Record<'crm' | 'inventory' | 'middleware', { url: string }>;
  const tokens = { admin: '', customer: '' };
  const ADMIN_PASSWORD = 'correct horse battery staple';

  beforeAll(async () => {
    const { dataDir, url } = resources.use(await freshDatabase(kind));
    const common = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error', ADMIN_PASSWORD };
    const all = { ...common, ...(kind === 'postgres' && { DATABASE_URL: url }) };
    const inventory = resources.use(await startedPatiently(() => startInventory(readInventoryConfig(all))));
    const neighbour = { INVENTORY_SERVICE_URL: inventory.url };
    const crm = resources.use(await startedPatiently(() => startCrm(readCrmConfig({ ...all, ...neighbour }))));
    const between = { ...neighbour, CRM_SERVICE_URL: crm.url, POLL_CRON: '* * * * * *' };
    const middleware = await startedPatiently(() => startMiddleware(readMiddlewareConfig({ ...all, ...between })));
    Object.assign(services, { crm, inventory, middleware: resources.use(middleware) });
    const login = { username: 'admin', password: ADMIN_PASSWORD };
    tokens.admin = (await call(crm, 'POST /v1/auth/login', { body: login })).body.access_token;
    const erin = { email: 'erin@example.com', password: ADMIN_PASSWORD };
    const headers = { Authorization: `Bearer ${tokens.admin}` };
    await call(crm, 'POST /v1/customers', { body: { name: 'Erin', ...erin }, headers });
    await call(crm, 'POST /v1/customers', { body: { name: 'Frank', email: 'frank@example.com' }, headers });
    tokens.customer = (await call(crm, 'POST /v1/auth/login', { body: erin })).body.access_token;
  });
  afterAll(() => resources.disposeAsync());

  function ask({ service, request, body, as }: Asked) {
    const headers = as && { Authorization: `Bearer ${tokens[as]}` };
    return call(services[service], request, { body, ...(headers && { headers }) });
  }

  it.each(Object.entries(requestsOfEarlierClients))(
    'is answered as the page says: those of %s',
    async (_name, asked) => {
      for (const one of asked) {
        const { status, body } = await ask(one);
        expect({ request: one.request, status, body }).toMatchObject({
          request: one.request,
          status: one.status,
          ...(one.answer !== undefined && { body: one.answer }),
        });
      }
    },
  );

  it('is found with and without the closing slash, at every service', async () => {
    for (const service of Object.values(services)) {
      const { paths } = (await call(service, 'GET /openapi.json')).body;
      for (const template of Object.keys(paths).filter((path) => path !== '/')) {
        const path = template.replace(/\{\w+\}/g, '1');
        const [open, closed] = await Promise.all([path, `${path}/`].map((one) => call(service, `OPTIONS ${one}`)));
        const methods = Object.keys(paths[template]).map((method) => method.toUpperCase());
        expect([template, open?.status, closed?.status]).toEqual([template, 204, 204]);
        expect(closed?.headers.get('Allow')).toBe(open?.headers.get('Allow'));
        expect(closed?.headers.get('Allow')?.split(', ')).toEqual(expect.arrayContaining(methods));
      }
      for (const path of ['/docs', '/docs/', '/api/docs', '/api/docs/', '/apidocs', '/apidocs/'])
        expect(await call(service, `GET ${path}`)).toMatchObject({
          status: 200,
          body: expect.stringMatching(/swagger/i),
        });
    }
  });

  it('is replaced by routes that the services have', async () => {
    const documents = await Promise.all(
      Object.entries(services).map(async ([name, service]) => {
        const { paths } = (await call(service, 'GET /openapi.json')).body;
        const routes = Object.entries<object>(paths).flatMap(([path, methods]) =>
          Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
        );
        return [name, routes] as const;
      }),
    );
    const served = new Map(documents);
    const named = columnOfDoorstep('route').flatMap((cell) => [...cell.matchAll(/(\w+) `([A-Z]+ [^`]+)`/g)]);

    expect(named.length).toBeGreaterThan(40);
    const missing = named.filter(
      ([, name = '', route = '']) => !served.get(name.toLowerCase() as 'crm')?.includes(route),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
  });
});

describe('the page about the earlier systems', () => {
  it('names only settings that there are', () => {
    const named = columnOfDoorstep('setting').flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)(?:=[^`]*)?`/g)]);

    expect(named.length).toBeGreaterThan(25);
    const missing = named.map(([, name = '']) => name).filter((name) => !(name in settings) && name !== 'PORT');
    expect(missing).toEqual([]);
  });

  it('gives values that the settings take', () => {
    const given = columnOfDoorstep('setting').flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)=([^`]*)`/g)]);
    const environment = Object.fromEntries(given.map(([, name, value]) => [name, value]));

    expect(readMiddlewareConfig(environment)).toMatchObject({
      packageType: 'welcome',
      delivery: { retriesMax: 1, waitsMs: [2000, 2000], timeoutMs: 5000 },
    });
    expect(readCrmConfig(environment)).toMatchObject({ tokenExpiresSeconds: 1800, log: { level: 'debug' } });
  });

  it.each([
    ['DB_PORT', { DB_HOST: 'db', DB_PORT: '3306', DB_USER: 'root', DB_NAME: 'crm' }, 'MySQL is not supported'],
    ['DATABASE_URL', { DATABASE_URL: 'mysql+pymysql://root@db:3306/crm' }, 'MySQL is not supported'],
    ['JWT_SECRET_KEY', { NODE_ENV: 'production', JWT_SECRET_KEY: 'your-secret-key-change-in-production' }, 'too easy'],
    ['CORS_ORIGINS', { CORS_ORIGINS: '["http://localhost:3000", "http://localhost:80"]' }, 'comma-separated origins'],
  ])('is right that the start stops with a sentence about %s', (_name, environment, sentence) => {
    expect(() => readCrmConfig(environment as never)).toThrow(sentence);
  });
});
