import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyone, aServer, route, type TestServer } from './a-server.ts';
import { call } from './call.ts';

const paths = ['/things', '/', '/docs/', '/openapi.json', '/nothing'];
const openPaths = ['/health', '/livez', '/readyz', '/metrics'];
const foreignHosts = ['evil.example.com', 'localhost.evil.example.com', 'evil-localhost', 'localhost.', 'x127.0.0.1'];

type Headers = { Host?: string; Origin?: string } & Record<string, string>;

/** Sends a request with exactly these headers. */
async function send(server: { url: string }, request: string, headers: Headers, version = '1.1') {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${request} HTTP/${version}\r\n${lines.join('')}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  const answer = await text(socket);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const header = (name: string) => new RegExp(`^${name}: ([^;\r]+)`, 'im').exec(head)?.[1];
  return {
    status: Number(head.split(' ')[1]),
    type: header('Content-Type'),
    readableFor: header('Access-Control-Allow-Origin'),
    body: body.startsWith('{') ? JSON.parse(body) : body,
  };
}

let posts = 0;
const routes = [
  route({ ...anyone, method: 'get', path: '/things', handler: async () => ({ status: 200, body: [] }) }),
  route({
    ...anyone,
    method: 'post',
    path: '/things',
    handler: async () => {
      posts += 1;
      return { status: 204 };
    },
  }),
];

const otherOrigin = {
  status: 403,
  type: 'application/problem+json',
  body: { detail: 'Web pages of another origin may not call this service' },
};

describe('a service without tokens', () => {
  let server: TestServer;
  let port: string;
  beforeAll(async () => {
    server = await aServer({ routes, environment: { ALLOWED_HOSTS: 'localhost,Ops.Example.com,bücher.example' } });
    port = new URL(server.url).port;
  });
  afterAll(() => server.close());

  const get = (Host: string, path = '/things') => send(server, `GET ${path}`, { Host });
  const postFrom = (Origin: string, Host = `localhost:${port}`) => send(server, 'POST /things', { Host, Origin });

  it.each(['localhost', 'ops.example.com', 'xn--bcher-kva.example'])(
    'answers to %s, whatever the port',
    async (name) => {
      for (const host of [name, `${name}:${port}`, `${name}:80`, `${name}:`]) {
        expect([host, (await get(host)).status]).toEqual([host, 200]);
      }
    },
  );

  it.each(['127.0.0.1', '192.168.7.7', '0.0.0.0', '[::1]', '[2001:DB8::7]', '[::ffff:10.0.0.7]'])(
    'answers to the numeric address %s, which no name server can change',
    async (address) => {
      for (const host of [address, `${address}:${port}`]) {
        expect([host, (await get(host)).status]).toEqual([host, 200]);
      }
    },
  );

  it('ignores the case of host names', async () => {
    for (const host of ['LOCALHOST', `LocalHost:${port}`, 'OPS.EXAMPLE.COM']) {
      expect([host, (await get(host)).status]).toEqual([host, 200]);
    }
  });

  it('rejects any other name, and names it and the setting', async () => {
    expect(await get(`evil.example.com:${port}`)).toMatchObject({
      status: 403,
      type: 'application/problem+json',
      body: {
        type: 'about:blank',
        title: 'Forbidden',
        status: 403,
        detail: 'The host name "evil.example.com" is not one of ALLOWED_HOSTS',
        error: 'The host name "evil.example.com" is not one of ALLOWED_HOSTS',
        refused_host: 'evil.example.com',
      },
    });
  });

  it.each([...foreignHosts, 'crm', '[127.0.0.1]', '127.0.0.256', ''])('rejects the host name %j', async (host) => {
    expect(await get(host)).toMatchObject({ status: 403, type: 'application/problem+json' });
    expect(await get(`${host}:${port}`)).toMatchObject({ status: 403 });
  });

  it.each(['::1', '[::g]', 'localhost@evil.example.com', 'evil.example.com@localhost/', 'localhost, evil.example.com'])(
    'rejects %j, which is no host name',
    async (host) => {
      expect(await get(host)).toMatchObject({ status: 400, type: 'application/problem+json' });
      expect(await get(`${host}:${port}`)).toMatchObject({ status: 400 });
    },
  );

  it.each(paths)('hides %s from a page that uses DNS rebinding', async (path) => {
    expect((await get('evil.example.com', path)).status).toBe(403);
    expect((await get('localhost', path)).status).toBe(path === '/nothing' ? 404 : 200);
  });

  it('checks the Host header, not the address in the request line', async () => {
    const asked = await send(server, 'GET http://localhost/things', { Host: 'evil.example.com' });
    expect(asked).toMatchObject({ status: 403, body: { detail: expect.stringContaining('"evil.example.com"') } });
  });

  it('rejects a request without a host', async () => {
    const detail = 'The host name "" is not one of ALLOWED_HOSTS';
    expect(await send(server, 'GET /things', {}, '1.0')).toMatchObject({ status: 403, body: { detail } });
    expect(await send(server, 'GET /things', { Host: 'localhost' }, '1.0')).toMatchObject({ status: 200 });
  });

  it.each(openPaths)('shows %s to anyone', async (path) => {
    for (const headers of [{ Host: 'evil.example.com' }, { Host: 'localhost', Origin: 'https://evil.example.com' }]) {
      expect((await send(server, `GET ${path}`, headers)).status).toBe(200);
    }
    expect((await send(server, `GET ${path}`, {}, '1.0')).status).toBe(200);
  });

  it.each(['/health/..', '//health', '/health/x', '/metrics%2f..%2fthings', '/things?/health'])(
    'does not treat %s as a public path',
    async (path) => {
      expect((await get('evil.example.com', path)).status).toBe(403);
    },
  );

  it('lets a page of its own origin post', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LocalHost']) {
      const { status } = await postFrom(`http://${name.toLowerCase()}:${port}`, `${name}:${port}`);
      expect([name, status]).toEqual([name, 204]);
    }
    expect((await postFrom('http://ops.example.com', 'ops.example.com')).status).toBe(204);
  });

  it.each([
    ['http://ops.example.com', 'ops.example.com:80'],
    ['https://ops.example.com', 'ops.example.com'],
    ['https://ops.example.com', 'ops.example.com:443'],
    ['https://ops.example.com:8443', 'ops.example.com:8443'],
  ])('knows a page of its own origin %s behind a proxy that sends Host: %s', async (origin, host) => {
    expect((await postFrom(origin, host)).status).toBe(204);
  });

  it.each([
    'https://evil.example.com',
    'http://localhost',
    'http://localhost:1',
    'http://127.0.0.1',
    'http://localhost.evil.example.com',
    'http://localhost@evil.example.com',
    'null',
    'file://',
    'garbage',
    'localhost',
    '',
  ])('lets no page of the origin %j post, even with an allowed host', async (origin) => {
    const before = posts;
    expect(await postFrom(origin)).toMatchObject(otherOrigin);
    expect(posts).toBe(before);
  });

  it('rejects a post from one of its names to another', async () => {
    expect((await postFrom(`http://localhost:${port}`, `127.0.0.1:${port}`)).status).toBe(403);
    expect((await postFrom('http://ops.example.com:443', 'ops.example.com')).status).toBe(403);
    expect((await postFrom(`http://evil.example.com:${port}`, `evil.example.com:${port}`)).status).toBe(403);
  });

  it('documents the refusal, except where anyone is answered', async () => {
    const { paths: documented } = (await call(server, 'GET /openapi.json')).body;
    for (const path of ['/things', '/openapi.json']) expect(documented[path].get.responses).toHaveProperty('403');
    for (const path of openPaths) expect(documented[path].get.responses).not.toHaveProperty('403');
  });
});

it('a service without tokens answers to the names of the three services and to the name in HOST', async () => {
  await using server = await aServer({ environment: { HOST: 'localhost', ALLOWED_HOSTS: 'ops.example.com' } });
  await using usual = await aServer();
  for (const Host of ['localhost', 'crm', 'inventory', 'middleware:3003']) {
    expect([Host, (await send(usual, 'GET /', { Host })).status]).toEqual([Host, 200]);
  }
  expect((await call(server, 'GET /')).status).toBe(200);
  expect((await send(server, 'GET /', { Host: 'crm' })).status).toBe(403);
});

describe('a service without tokens, with CORS_ORIGINS', () => {
  const ours = 'https://app.example.com';
  const preflight = { 'Access-Control-Request-Method': 'POST' };

  it('lets pages of these origins call, preflights included', async () => {
    await using server = await aServer({ routes, corsOrigins: [ours] });
    const headers = { Host: 'localhost', Origin: ours };
    expect(await send(server, 'OPTIONS /things', { ...headers, ...preflight })).toMatchObject({
      status: 204,
      readableFor: ours,
    });
    for (const request of ['POST /things', 'GET /things']) {
      expect(await send(server, request, headers)).toMatchObject({ readableFor: ours });
    }
    expect(await send(server, 'POST /things', { ...headers, Origin: `${ours}:444` })).toMatchObject(otherOrigin);
  });

  it('rejects their calls under a foreign host name, and lets them read why', async () => {
    await using server = await aServer({ routes, corsOrigins: [ours] });
    expect(await send(server, 'POST /things', { Host: 'evil.example.com', Origin: ours })).toMatchObject({
      status: 403,
      readableFor: ours,
      body: { refused_host: 'evil.example.com' },
    });
  });
});

describe('a service without tokens, with PUBLIC_URL', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await aServer({ routes, environment: { PUBLIC_URL: 'https://Things.Example.com:8443/things/' } });
  });
  afterAll(() => server.close());
  const ours = 'https://things.example.com:8443';

  it('answers to its host', async () => {
    for (const Host of ['things.example.com', 'things.example.com:8443', 'localhost']) {
      expect([Host, (await send(server, 'GET /things', { Host })).status]).toEqual([Host, 200]);
    }
    expect((await send(server, 'GET /things', { Host: 'example.com' })).status).toBe(403);
  });

  it('lets its pages call, whatever the proxy makes of the host', async () => {
    for (const Host of ['things.example.com:8443', 'things.example.com', '127.0.0.1:3001', 'crm']) {
      expect([Host, (await send(server, 'POST /things', { Host, Origin: ours })).status]).toEqual([Host, 204]);
    }
    for (const Origin of ['https://things.example.com', 'http://things.example.com:8443', 'https://example.com:8443']) {
      expect(await send(server, 'POST /things', { Host: '127.0.0.1:3001', Origin })).toMatchObject(otherOrigin);
    }
  });
});

describe('X-Forwarded-Host', () => {
  const headers = { Host: '127.0.0.1:3001', 'X-Forwarded-Host': 'evil.example.com' };

  it('from a trusted proxy is checked, too', async () => {
    await using server = await aServer({ routes, environment: { TRUSTED_PROXIES: 'loopback' } });
    expect(await send(server, 'GET /things', headers)).toMatchObject({
      status: 403,
      body: { refused_host: 'evil.example.com' },
    });
    const own = { ...headers, 'X-Forwarded-Host': 'localhost:8080' };
    expect((await send(server, 'POST /things', { ...own, Origin: 'https://localhost:8080' })).status).toBe(204);
    expect((await send(server, 'GET /things', { ...own, Host: 'evil.example.com' })).status).toBe(403);
  });

  it('from anybody else means nothing', async () => {
    await using server = await aServer({ routes });
    expect((await send(server, 'GET /things', headers)).status).toBe(200);
    const trick = { Host: 'evil.example.com', 'X-Forwarded-Host': 'localhost' };
    expect((await send(server, 'GET /things', trick)).status).toBe(403);
    const own = { ...headers, 'X-Forwarded-Host': 'localhost:8080', Origin: 'http://localhost:8080' };
    expect(await send(server, 'POST /things', own)).toMatchObject(otherOrigin);
  });
});

describe('a service that requires tokens', () => {
  const environment = { REQUIRE_AUTH: 'true' };

  it('accepts any host and any origin', async () => {
    await using server = await aServer({ environment });
    for (const Host of [...foreignHosts, 'localhost', '[::2]:80', '']) {
      expect([Host, (await send(server, 'GET /openapi.json', { Host })).status]).toEqual([Host, 200]);
    }
    const headers = { Host: 'localhost', Origin: 'https://evil.example.com' };
    expect((await send(server, 'GET /openapi.json', headers)).status).toBe(200);
    expect((await send(server, 'GET /openapi.json', {}, '1.0')).status).toBe(200);
  });

  it('checks them all the same if it always does', async () => {
    await using server = await aServer({ environment, alwaysChecksHosts: true });
    expect((await send(server, 'GET /openapi.json', { Host: 'evil.example.com' })).status).toBe(403);
    expect((await send(server, 'GET /openapi.json', { Host: 'localhost' })).status).toBe(200);
  });
});
