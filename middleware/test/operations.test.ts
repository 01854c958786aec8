import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDaemon, as, type Daemon } from './a-daemon.ts';

describe.each(databases)('the operations port on %s', (kind) => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon(kind, { customers: 1 });
    await daemon.becomes(1, 'delivered');
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it.each(['2', '9007199254740991', '99999999999999999999', '0', '-1', '01', 'x', 'u%2F1'])(
    'returns 404 for the unknown customer %s',
    async (id) => {
      for (const request of [`GET /deliveries/${id}`, `POST /deliveries/${id}/replay`]) {
        const { status, body } = await call(daemon, request);
        expect([request, status, body.title]).toEqual([request, 404, 'Not Found']);
        expect(body.detail).toMatch(/^Customer \S+ has not been seen in the CRM$/);
      }
    },
  );

  it.each(['%07', 'a%00', '%E2%80%8B', 'x'.repeat(101)])('rejects %s as a customer id', async (id) => {
    const { status, body } = await daemon.post(`/deliveries/${id}/replay`);
    const errors = [{ field: 'customer_id', message: 'must be an integer, or a text of 1 to 100 visible characters' }];
    expect([status, body.errors]).toEqual([400, errors]);
  });

  it.each([
    [{ state: 'retrying' }, 'state must be "dead"'],
    [{ state: 'DEAD' }, 'state must be "dead"'],
    [{ state: ['dead'] }, 'state must be "dead"'],
    [{}, 'Missing required fields: state'],
    [{ state: null }, 'Missing required fields: state'],
  ])('replays only dead deliveries together, not %j', async (body, detail) => {
    const answer = await daemon.post('/deliveries/replay', body);
    expect([answer.status, answer.body.detail, answer.body.errors[0].field]).toEqual([400, detail, 'state']);
  });

  it.each(['[]', '"dead"', 'null', '{"state":', 'dead'])('replays nothing for the body %s', async (body) => {
    expect((await daemon.post('/deliveries/replay', body)).status).toBe(400);
  });

  it.each(['since', 'until'])('accepts as %s any time with a time zone', async (field) => {
    for (const moment of [
      '2000-01-31T12:00:00Z',
      '2000-01-31T12:00:00.123Z',
      '2000-01-31T12:00:00.123456789Z',
      '2000-01-31T12:00:00+00:00',
      '2000-01-31T12:00:00+05:30',
      '2000-01-31T12:00:00.5-11:00',
      '2000-02-29T00:00:00Z',
    ]) {
      const { status, body } = await daemon.post('/deliveries/replay', { state: 'dead', [field]: moment });
      expect([moment, status, body]).toEqual([moment, 200, { replayed: 0 }]);
    }
  });

  it.each([
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:00:00 01:00',
    '2026-01-31T12:00:00+1',
    '12:00',
    'yesterday',
    '',
    1_767_225_600_000,
    null,
    {},
  ])('rejects %j as a time, and names the field', async (moment) => {
    const message = 'must be a time such as 2026-01-31T12:00:00Z';
    for (const field of ['since', 'until']) {
      const { status, body } = await daemon.post('/deliveries/replay', { state: 'dead', [field]: moment });
      expect([status, body.detail, body.errors]).toEqual([400, `${field} ${message}`, [{ field, message }]]);
    }
  });
});

describe('the operations port', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon('sqlite', { customers: 1 });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it.each([
    ['GET /poll', 'OPTIONS, POST'],
    ['GET /pause', 'OPTIONS, POST'],
    ['PUT /resume', 'OPTIONS, POST'],
    ['GET /deliveries/replay', 'OPTIONS, POST'],
    ['GET /deliveries/1/replay', 'OPTIONS, POST'],
    ['POST /status', 'GET, HEAD, OPTIONS'],
    ['DELETE /deliveries', 'GET, HEAD, OPTIONS'],
    ['POST /deliveries/1', 'GET, HEAD, OPTIONS'],
    ['DELETE /quarantine', 'GET, HEAD, OPTIONS'],
  ])('answers %s with the allowed methods', async (request, allow) => {
    const { status, headers, body } = await call(daemon, request);
    expect([status, headers.get('Allow'), body.title]).toEqual([405, allow, 'Method Not Allowed']);
  });

  /** Sends the headers that a browser sends for a page, which `fetch` does not allow. */
  async function send(request: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(daemon.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${request} HTTP/1.1\r\n${lines.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    return Number((await text(socket)).split(' ')[1]);
  }

  it.each(['localhost', '127.0.0.1', '[::1]', 'middleware'])('answers to the name %s', async (host) => {
    const { port } = new URL(daemon.url);
    expect(await send('GET /status', { Host: `${host}:${port}` })).toBe(200);
  });

  it('answers to no other name, except for health and metrics', async () => {
    const Host = 'evil.example.com';
    for (const path of ['/status', '/deliveries', '/deliveries/1', '/quarantine', '/', '/openapi.json']) {
      expect([path, await send(`GET ${path}`, { Host })]).toEqual([path, 403]);
    }
    for (const path of ['/health', '/livez', '/readyz', '/metrics']) {
      expect([path, await send(`GET ${path}`, { Host })]).toEqual([path, 200]);
    }
  });

  it('rejects every request of a page from another origin', async () => {
    const headers = { Host: new URL(daemon.url).host, Origin: 'https://evil.example.com' };
    for (const path of ['/pause', '/poll', '/deliveries/1/replay', '/deliveries/replay']) {
      expect([path, await send(`POST ${path}`, headers)]).toEqual([path, 403]);
    }
    expect((await daemon.get('/status')).paused).toBe(false);
    expect(await send('POST /resume', { ...headers, Origin: daemon.url })).toBe(200);
  });

  it('answers to the configured names instead', async () => {
    await using own = await aDaemon('sqlite', { environment: { ALLOWED_HOSTS: '127.0.0.1,ops.example.com' } });
    const { port } = new URL(own.url);
    expect((await call(own, 'GET /status')).status).toBe(200);
    const { status, body } = await call({ url: `http://localhost:${port}` }, 'GET /status');
    expect([status, body.detail]).toEqual([403, 'The host name "localhost" is not one of ALLOWED_HOSTS']);
  });
});

describe('if tokens are required', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon('sqlite', { customers: 1, environment: { REQUIRE_AUTH: 'true' } });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  const routes = [
    'GET /status',
    'POST /poll',
    'POST /pause',
    'POST /resume',
    'GET /deliveries',
    'GET /deliveries/1',
    'POST /deliveries/1/replay',
    'POST /deliveries/replay',
    'GET /quarantine',
  ];
  const ask = (request: string, headers: Record<string, string> = {}) =>
    call(daemon, request, { headers, ...(request === 'POST /deliveries/replay' && { body: { state: 'dead' } }) });

  it.each(routes)('%s requires a token of an admin', async (request) => {
    const { status, headers } = await ask(request);
    expect([status, headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
    expect((await ask(request, { Authorization: 'Bearer garbage' })).status).toBe(401);
    for (const role of ['service', 'customer']) {
      expect([role, (await ask(request, await as(role))).status]).toEqual([role, 403]);
    }
    expect((await ask(request, await as('admin'))).status).toBe(200);
  });

  it('no other route exists except the public ones', async () => {
    const { body } = await call(daemon, 'GET /openapi.json');
    const documented = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('{customer_id}', '1')}`),
    );
    const open = ['/', '/health', '/livez', '/metrics', '/openapi.json', '/readyz'].map((path) => `GET ${path}`);
    expect(documented.sort()).toEqual([...routes, ...open].sort());
    for (const request of open) expect([request, (await ask(request)).status]).toEqual([request, 200]);
  });
});
