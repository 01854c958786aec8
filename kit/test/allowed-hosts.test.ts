import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyone, aServer, route, type TestServer } from './a-server.ts';

const paths = ['/things', '/', '/docs/', '/openapi.json', '/nothing'];
const openPaths = ['/health', '/livez', '/readyz', '/metrics'];
const foreignHosts = ['evil.example.com', 'localhost.evil.example.com', 'evil-localhost', 'localhost.', '127.0.0.2'];

type Headers = { Host?: string; Origin?: string };

/** Sends a request with exactly these headers. */
async function send(server: { url: string }, request: string, headers: Headers, version = '1.1') {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${request} HTTP/${version}\r\n${lines.join('')}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  const answer = await text(socket);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const type = /^content-type: ([\w/+.-]+)/im.exec(head)?.[1];
  return { status: Number(head.split(' ')[1]), type, body: body.startsWith('{') ? JSON.parse(body) : body };
}

describe('a service with allowed host names', () => {
  let server: TestServer;
  let port: string;
  let posts = 0;
  beforeAll(async () => {
    const post = async () => {
      posts += 1;
      return { status: 204 };
    };
    const routes = [
      route({ ...anyone, method: 'get', path: '/things', handler: async () => ({ status: 200, body: [] }) }),
      route({ ...anyone, method: 'post', path: '/things', handler: post }),
    ];
    server = await aServer({ routes, allowedHosts: ['localhost', '127.0.0.1', '[::1]', 'Ops.Example.com'] });
    port = new URL(server.url).port;
  });
  afterAll(() => server.close());

  const get = (Host: string, path = '/things') => send(server, `GET ${path}`, { Host });
  const postFrom = (Origin: string, Host = `localhost:${port}`) => send(server, 'POST /things', { Host, Origin });

  it.each(['localhost', '127.0.0.1', '[::1]', 'ops.example.com'])('answers to %s, whatever the port', async (name) => {
    for (const host of [name, `${name}:${port}`, `${name}:80`, `${name}:`]) {
      expect([host, (await get(host)).status]).toEqual([host, 200]);
    }
  });

  it('ignores the case of host names', async () => {
    for (const host of ['LOCALHOST', `LocalHost:${port}`, 'OPS.EXAMPLE.COM']) {
      expect([host, (await get(host)).status]).toEqual([host, 200]);
    }
  });

  it('rejects any other name, and names it and the setting', async () => {
    expect(await get(`evil.example.com:${port}`)).toEqual({
      status: 403,
      type: 'application/problem+json',
      body: {
        type: 'about:blank',
        title: 'Forbidden',
        status: 403,
        detail: 'The host name "evil.example.com" is not one of ALLOWED_HOSTS',
        error: 'The host name "evil.example.com" is not one of ALLOWED_HOSTS',
      },
    });
  });

  it.each([...foreignHosts, '::1', '[::2]', 'localhost@evil.example.com', 'localhost, evil.example.com', ''])(
    'rejects the host name %j',
    async (host) => {
      expect(await get(host)).toMatchObject({ status: 403, type: 'application/problem+json' });
      expect(await get(`${host}:${port}`)).toMatchObject({ status: 403 });
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
    'https://evil.example.com',
    'http://localhost',
    'http://localhost:1',
    'http://127.0.0.1',
    'http://localhost.evil.example.com',
    'http://localhost@evil.example.com',
    'null',
    'garbage',
    'localhost',
    '',
  ])('lets no page of the origin %j post, even with an allowed host', async (origin) => {
    const before = posts;
    expect(await postFrom(origin)).toMatchObject({
      status: 403,
      type: 'application/problem+json',
      body: { detail: 'Web pages of another origin may not call this service' },
    });
    expect(posts).toBe(before);
  });

  it('rejects a post from one of its names to another', async () => {
    expect((await postFrom(`http://localhost:${port}`, `127.0.0.1:${port}`)).status).toBe(403);
    expect((await postFrom(`http://evil.example.com:${port}`, `evil.example.com:${port}`)).status).toBe(403);
  });
});

describe('a service without allowed host names', () => {
  it('accepts any host and any origin', async () => {
    await using server = await aServer();
    for (const Host of [...foreignHosts, 'localhost', '[::2]:80', '']) {
      expect([Host, (await send(server, 'GET /openapi.json', { Host })).status]).toEqual([Host, 200]);
    }
    const headers = { Host: 'localhost', Origin: 'https://evil.example.com' };
    expect((await send(server, 'GET /openapi.json', headers)).status).toBe(200);
    expect((await send(server, 'GET /openapi.json', {}, '1.0')).status).toBe(200);
  });
});
