import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../src/errors.ts';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';
import { eventually } from './eventually.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const get = { ...anyone, method: 'get' } as const;
/** Routes that fail in different ways. */
const failingRoutes = [
  route({
    ...get,
    path: '/taken',
    handler: async () => {
      throw new AppError('conflict', 'It is taken', { members: { existing_id: 7 } });
    },
  }),
  route({
    ...get,
    path: '/bug',
    handler: async () => {
      throw Object.assign(new TypeError('cannot read hunter2 of undefined'), { detail: 'hunter2', cause: 'hunter2' });
    },
  }),
  route({
    ...get,
    path: '/throws-a-text',
    handler: async () => {
      throw 'hunter2';
    },
  }),
  route({
    ...get,
    path: '/throws-nothing',
    handler: async () => {
      throw undefined;
    },
  }),
  route({
    ...get,
    path: '/things/special',
    handler: async () => ({ status: 200, body: 'special', headers: { 'Content-Type': 'text/plain' } }),
  }),
];

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: [...thingRoutes, ...failingRoutes] });
});
afterAll(() => server.close());

describe('a problem', () => {
  it('has detail and error, a title, a type and extra members', async () => {
    const { status, headers, body } = await call(server, 'GET /taken');
    expect(status).toBe(409);
    expect(headers.get('Content-Type')).toBe('application/problem+json; charset=utf-8');
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'It is taken',
      error: 'It is taken',
      existing_id: 7,
    });
  });

  it.each(['/bug', '/throws-a-text', '/throws-nothing'])(
    'caused by a bug shows no internals, and is logged in full: %s',
    async (path) => {
      const { status, body, headers } = await call(server, `GET ${path}`);
      expect([status, body]).toEqual([
        500,
        {
          type: 'about:blank',
          title: 'Internal Server Error',
          status: 500,
          detail: 'Internal server error',
          error: 'Internal server error',
          request_id: headers.get('X-Request-Id'),
        },
      ]);
      const logged = await eventually(() => server.log.find(({ requestId }) => requestId === body.request_id) ?? false);
      expect(logged).toMatchObject({ level: 'error', message: expect.stringContaining(`GET ${path} failed`) });
      if (path === '/bug')
        expect(logged['error']).toMatch(/^TypeError: cannot read hunter2 of undefined\n +at .*handler/);
    },
  );
});

describe('an id in a path', () => {
  it.each(['0', '-1', 'abc', '01', '1.5', '%00', '1%00', '%20', '1e3', '%C3%BC', 'undefined'])(
    'that is not a positive integer is 400: %s',
    async (id) => {
      const { status, body } = await call(server, `GET /things/${id}`);
      expect([status, body.errors]).toEqual([400, [{ field: 'id', message: expect.any(String) }]]);
    },
  );

  it('that is too large for a database is 404', async () => {
    const { status, body } = await call(server, 'GET /things/99999999999999999999');
    expect([status, body.error]).toEqual([404, `Thing not found: ${Number.MAX_SAFE_INTEGER + 1}`]);
  });

  it.each(['/things/%', '/things/%zz', '/things/%E0%A4%A', '/things/%ff'])(
    'that is encoded incorrectly is 400: %s',
    async (path) => {
      const { status, body, headers } = await call(server, `GET ${path}`);
      expect([status, body.title, body.error]).toEqual([400, 'Bad Request', expect.any(String)]);
      expect(headers.get('X-Request-Id')).toMatch(uuid);
    },
  );

  it('does not match a path without parameters', async () => {
    expect(await call(server, 'GET /things/special')).toMatchObject({ status: 200, body: 'special' });
  });
});

describe('a method', () => {
  it('that a path does not support is 405, and Allow lists the others', async () => {
    for (const [request, allow] of [
      ['DELETE /things', 'GET, HEAD, OPTIONS, POST'],
      ['PATCH /things/1', 'DELETE, GET, HEAD, OPTIONS'],
      ['POST /health', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const { status, headers, body } = await call(server, request);
      expect([status, headers.get('Allow')]).toEqual([405, allow]);
      expect(body).toMatchObject({ title: 'Method Not Allowed', status: 405, error: body.detail });
    }
  });

  it('OPTIONS lists the methods too', async () => {
    const { status, headers, body } = await call(server, 'OPTIONS /things');
    expect([status, headers.get('Allow'), body]).toEqual([204, 'GET, HEAD, OPTIONS, POST', '']);
    expect((await call(server, 'OPTIONS /nothing')).status).toBe(404);
  });

  it('HEAD is answered like GET, without the body', async () => {
    const answers = ['/things', '/things/9', '/nothing'].map(async (path) => {
      const [got, head] = await Promise.all(['GET', 'HEAD'].map((method) => fetch(server.url + path, { method })));
      const length = Number(head?.headers.get('Content-Length'));
      expect(length).toBe((await got?.arrayBuffer())?.byteLength);
      return [head?.status, await head?.text()];
    });
    expect(await Promise.all(answers)).toEqual([
      [200, ''],
      [404, ''],
      [404, ''],
    ]);
  });
});

describe('an unknown path', () => {
  it.each(['/nothing', '/things/1/more', '//things', '/%zz', '/things%2f1', '/__proto__'])(
    'is 404: %s',
    async (path) => {
      const { status, headers, body } = await call(server, `GET ${path}`);
      expect(status).toBe(404);
      expect(headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({ title: 'Not Found', status: 404, error: body.detail });
    },
  );

  it('does not include a known path with a trailing slash', async () => {
    expect((await call(server, 'GET /things/')).status).toBe(200);
    expect((await call(server, 'GET /things/1/')).status).toBe(200);
  });
});

describe('X-Request-Id', () => {
  it('is accepted, and returned on success and on failure', async () => {
    for (const path of ['/things', '/things/abc', '/things/%zz', '/nothing', '/bug', '/health']) {
      const headers = { 'X-Request-Id': 'order-7/a.b_c~1' };
      expect((await call(server, `GET ${path}`, { headers })).headers.get('X-Request-Id')).toBe('order-7/a.b_c~1');
    }
    const malformed = await call(server, 'POST /things', { body: '{', headers: { 'X-Request-Id': 'mine' } });
    expect([malformed.status, malformed.headers.get('X-Request-Id')]).toEqual([400, 'mine']);
  });

  it('is generated if the request has none, a new one each time', async () => {
    const [one, two] = await Promise.all([call(server, 'GET /things'), call(server, 'GET /nothing')]);
    expect(one.headers.get('X-Request-Id')).toMatch(uuid);
    expect(two.headers.get('X-Request-Id')).toMatch(uuid);
    expect(one.headers.get('X-Request-Id')).not.toBe(two.headers.get('X-Request-Id'));
  });

  it.each([
    ['spaces', 'a b'],
    ['a tab', 'a\tb'],
    ['other scripts', 'z\u00fcrich'],
    ['C1 control bytes', 'a\u009bb'],
    ['129 characters', 'x'.repeat(129)],
    ['nothing', ''],
  ])('is replaced if it contains %s', async (_what, hostile) => {
    const { headers } = await call(server, 'GET /things', { headers: { 'X-Request-Id': hostile } });
    expect(headers.get('X-Request-Id')).toMatch(uuid);
  });

  it('is replaced if the request has two', async () => {
    const answer = await exchange(
      'GET /things HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a\r\nX-Request-Id: b\r\nConnection: close\r\n\r\n',
    );
    expect(/^X-Request-Id: (.*)\r$/im.exec(answer)?.[1]).toMatch(uuid);
  });

  it('is in the log line of its request', async () => {
    const requestId = crypto.randomUUID();
    await call(server, 'POST /things', { body: {}, headers: { 'X-Request-Id': requestId } });
    const line = await eventually(() => server.log.find((entry) => entry['requestId'] === requestId) ?? false);
    expect(line).toMatchObject({ level: 'info', status: 400, ms: expect.any(Number) });
    expect(line.message).toMatch(/^POST \/things 400 in \d+ ms$/);
  });
});

describe('an answer', () => {
  it('forbids content sniffing, and does not name the server software', async () => {
    const { headers } = await call(server, 'GET /things');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('X-Powered-By')).toBe(null);
    expect(headers.get('Strict-Transport-Security')).toBe(null);
  });
});

/** Sends raw bytes and returns everything that comes back. */
async function exchange(request: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(request);
  return text(socket);
}

describe('bytes that are not HTTP', () => {
  it('are rejected, and the next request succeeds', async () => {
    expect(await exchange('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect((await call(server, 'GET /things')).status).toBe(200);
  });
});
