import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createGunzip } from 'node:zlib';
import { type Answer, call, readAnswer } from '@doorstep/kit/test/call.ts';
import { within } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../soak/free-ports.ts';
import { nginx, startNginx } from './start-nginx.ts';
import { addAll, everyCustomerHasOnePackage, numbered, startThree } from './three-services.ts';

if (!nginx) {
  process.stdout.write(
    'SKIPPED: the services behind a proxy, because there is no nginx (Debian: apt install nginx).\n',
  );
}

const names = ['crm', 'inventory', 'middleware'] as const;
type Name = (typeof names)[number];
type Options = { method?: string; headers?: Record<string, string>; body?: unknown; from?: string };

describe.skipIf(!nginx)('the services behind nginx, with TLS, gzip and a path that it strips', () => {
  const resources = new AsyncDisposableStack();
  let site: string;
  let certificate: string;
  let three: Awaited<ReturnType<typeof startThree>>;
  beforeAll(async () => {
    const port = await freePort();
    site = `https://doorstep.example.com:${port}`;
    const settings = (name: Name) => ({ PUBLIC_URL: `${site}/${name}`, TRUSTED_PROXIES: '127.0.0.1' });
    const each = { crm: settings('crm'), inventory: settings('inventory'), middleware: settings('middleware') };
    three = resources.use(
      await startThree('sqlite', { ...each, middleware: { ...each.middleware, POLL_PAGE_SIZE: '2' } }),
    );
    ({ certificate } = resources.use(await startNginx(nginx as string, port, three)));
  });
  afterAll(() => resources.disposeAsync());

  /** Calls a public address as a browser does, from `from`; follows no redirect. */
  async function ask(address: string, { method = 'GET', headers = {}, body, from }: Options = {}): Promise<Answer> {
    const { hostname, host, port, pathname, search } = new URL(address);
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port,
      servername: hostname,
      ca: certificate,
      method,
      path: pathname + search,
      localAddress: from,
      headers: {
        Host: host,
        'Accept-Encoding': 'gzip',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    const [incoming] = (await within(`the answer to ${method} ${address}`, once(outgoing, 'response'))) as [
      IncomingMessage,
    ];
    return readAnswer(unpacked(incoming));
  }

  const add = (customer: { name: string; email: string }, options: Options = {}) =>
    ask(`${site}/crm/customers`, { method: 'POST', body: customer, ...options });

  it('deliver packages, and still call each other directly', async () => {
    await addAll(three.crm, numbered(5, 'direct'));
    expect((await add({ name: 'Alice', email: 'alice@example.com' })).status).toBe(201);
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });

  it('give addresses that lead to the things they name', async () => {
    const item = { name: 'Mug', sku: 'MUG-01', price: 12.5 };
    for (const [path, body] of [
      ['/crm/customers', { name: 'Bob', email: 'bob@example.com' }],
      ['/crm/leads', { email: 'bob@example.com' }],
      ['/inventory/api/v1/items/', item],
    ] as const) {
      const added = await ask(site + path, { method: 'POST', body });
      const location = added.headers.get('Location') ?? '';
      expect([path, added.status, location]).toEqual([path, 201, expect.stringMatching(`^${site}/`)]);
      expect((await ask(location)).body).toMatchObject({ id: added.body.id });
    }
  });

  it('lead from page to page', async () => {
    await addAll(three.crm, numbered(3, 'paged'));
    const ids: number[] = [];
    let next: string | undefined = `${site}/crm/customers?limit=2`;
    while (next) {
      const { status, headers, body } = await ask(next);
      expect([next, status]).toEqual([next, 200]);
      ids.push(...body.map(({ id }: { id: number }) => id));
      next = /^<(.*)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
    }
    const all: { id: number }[] = (await call(three.crm, 'GET /customers')).body;
    expect(ids).toEqual(all.map(({ id }) => id));
  });

  it.each(names)('%s has docs that a browser can load, and that name the public address', async (name) => {
    const start = (await ask(`${site}/${name}/`)).body.docs;
    expect(start).toBe(`${site}/${name}/docs`);
    for (const address of [start, `${site}/${name}/apidocs`, `${site}/${name}/api/docs/`]) {
      expect((await ask(address)).headers.get('Location')).toBe(`${site}/${name}/docs/`);
    }
    const page = `${site}/${name}/docs/`;
    const html = await ask(page);
    const init = await ask(`${page}swagger-ui-init.js`);
    const files = [...html.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
    const document = new URL(/"url": "([^"]+)"/.exec(init.body)?.[1] ?? '', page).href;
    for (const file of files) {
      expect([file, (await ask(new URL(file, page).href)).status]).toEqual([file, 200]);
    }
    const { servers, paths } = (await ask(document)).body;
    expect(servers).toMatchObject([{ url: `${site}/${name}` }]);
    const open = Object.keys(paths).filter((path) => !path.includes('{') && paths[path].get?.security.length === 0);
    expect(open.length).toBeGreaterThan(5);
    for (const path of open) {
      expect([path, (await ask(servers[0].url + path)).status]).toEqual([path, 200]);
    }
  });

  it('accept the weak ETag that gzip leaves', async () => {
    const item = { name: 'Cup', sku: 'CUP-01', price: 3, description: 'A cup of tea. '.repeat(100) };
    const added = await ask(`${site}/inventory/api/v1/items`, { method: 'POST', body: item });
    const address = added.headers.get('Location') ?? '';
    const { headers } = await ask(address);
    const etag = headers.get('ETag') ?? '';
    expect([headers.get('Content-Encoding'), etag]).toEqual(['gzip', 'W/"1"']);
    expect((await ask(address, { headers: { 'If-None-Match': etag } })).status).toBe(304);
    const change = { method: 'PUT', body: { price: 4 }, headers: { 'If-Match': etag } };
    expect(await ask(address, change)).toMatchObject({ status: 200, body: { price: 4 } });
    expect((await ask(address, change)).status).toBe(412);
  });

  it('let pages of their own origin call, and no others', async () => {
    const carol = { name: 'Carol', email: 'carol@example.com' };
    expect((await add(carol, { headers: { Origin: 'https://evil.example' } })).status).toBe(403);
    expect((await add(carol, { headers: { Origin: 'https://doorstep.example.com' } })).status).toBe(403);
    expect((await add(carol, { headers: { Origin: site } })).status).toBe(201);
    const paused = { method: 'POST', headers: { Origin: site } };
    for (const action of ['pause', 'resume']) {
      expect((await ask(`${site}/middleware/${action}`, paused)).status).toBe(200);
    }
  });

  it.each(['/crm/customers', '/inventory/packages', '/middleware/status'])(
    'do not show %s to a name that leads to the proxy',
    async (path) => {
      const { status, body } = await ask(site + path, { headers: { Host: 'evil.example' } });
      expect([status, body.detail]).toEqual([403, 'The host name "evil.example" is not one of ALLOWED_HOSTS']);
    },
  );

  it.skipIf(process.platform !== 'linux')('limit logins by the address of the client', async () => {
    const login = { username: 'nobody', password: 'wrong' };
    const logIn = (from: string, attempt: number) =>
      ask(`${site}/crm/v1/auth/login`, {
        method: 'POST',
        // a client may send whatever it likes
        headers: { 'X-Forwarded-For': `10.0.0.${attempt}` },
        body: { ...login, username: `nobody ${attempt}` },
        from,
      });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1) statuses.push((await logIn('127.0.0.2', attempt)).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    expect((await logIn('127.0.0.3', 11)).status).toBe(401);
  });
});

/** The message with its body as it was before gzip. */
function unpacked(incoming: IncomingMessage): IncomingMessage {
  if (incoming.headers['content-encoding'] !== 'gzip') return incoming;
  const { headers, statusCode } = incoming;
  return Object.assign(incoming.pipe(createGunzip()), { headers, statusCode }) as unknown as IncomingMessage;
}
