import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';
import { eventually, within } from './eventually.ts';
import { answersIn, exchange, open } from './raw-http.ts';
import { withoutDeadlines } from './without-deadlines.ts';

/** The slow route resolves `asked` and waits for `answer`. */
let asked = Promise.withResolvers<void>();
let answer = Promise.withResolvers<string>();
const routes = [
  ...thingRoutes,
  route({
    ...anyone,
    method: 'post',
    path: '/slow',
    body: z.object({}),
    handler: async () => {
      asked.resolve();
      return { status: 201, body: { done: await answer.promise } };
    },
  }),
  route({
    ...anyone,
    method: 'post',
    path: '/limited',
    limits: { perAddressMax: 3 },
    body: z.object({}),
    handler: async () => ({ status: 204 }),
  }),
];

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes });
});
afterAll(() => server.close());

afterEach(async () => {
  asked = Promise.withResolvers();
  answer = Promise.withResolvers();
  expect((await call(server, 'GET /things')).status).toBe(200);
  expect(server.log.splice(0).filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

const send = (bytes: string) => exchange(server, bytes);
const lines = 'Host: localhost\r\nConnection: close\r\n';
const thing = '{"email":"alice@example.com"}';
const postThing = (more = '', body = thing, length = body.length) =>
  `POST /things HTTP/1.1\r\n${lines}Content-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n${body}`;
const slow = 'POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
const next = 'GET /things/2 HTTP/1.1\r\nHost: localhost\r\n\r\n';
const isProblem = {
  headers: expect.toSatisfy((headers) => /^application\/problem\+json/.test(headers.get('Content-Type'))),
};

describe('a target', () => {
  it.each([
    ['http://x/things/2', { id: 2 }],
    ['HTTPS://alice:secret@elsewhere:8443/things?after=2&limit=1#y', [{ id: 3 }]],
    ['http://x', { message: 'Things', version: '1.2.3', docs: '/docs' }],
  ])('may be an absolute URL: %s', async (target, body) => {
    expect(await send(`GET ${target} HTTP/1.1\r\n${lines}\r\n`)).toMatchObject([{ status: 200, body }]);
  });

  it.each([
    'http://[/things',
    'http://[::1/things',
    'http://x:port/things',
    'foo://things',
    '*',
    '//things',
    '/things/../things',
  ])('is answered with 400 or 404 if it matches no route: %s', async (target) => {
    const [problem, ...more] = await send(`GET ${target} HTTP/1.1\r\n${lines}\r\n`);
    expect(problem).toMatchObject({ ...isProblem, body: { status: problem?.status, error: problem?.body.detail } });
    expect([problem?.status, more]).toEqual([expect.toSatisfy((status) => status === 400 || status === 404), []]);
  });

  it('is not repeated as HTML', async () => {
    const [problem] = await send(`GET /<script>alert(1)</script> HTTP/1.1\r\n${lines}Accept: text/html\r\n\r\n`);
    expect(problem).toMatchObject({ status: 404, ...isProblem });
    expect(problem?.headers.get('X-Content-Type-Options')).toBe('nosniff');
  });
});

describe('a request', () => {
  it.each(['x:443', '/things'])('to open a tunnel is rejected: CONNECT %s', async (target) => {
    expect(await send(`CONNECT ${target} HTTP/1.1\r\n${lines}\r\n`)).toEqual([]);
  });

  it('to upgrade the protocol is answered over HTTP/1.1', async () => {
    const upgrade = 'Host: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n';
    expect(await send(`GET /things/2 HTTP/1.1\r\n${upgrade}`)).toMatchObject([{ status: 200, body: { id: 2 } }]);
  });

  it('with TRACE is 405, and the answer repeats nothing of the request', async () => {
    const [problem] = await send(`TRACE /things HTTP/1.1\r\n${lines}Authorization: Bearer hunter2\r\n\r\n`);
    expect(problem).toMatchObject({ status: 405, ...isProblem });
    expect(JSON.stringify([problem?.body, ...(problem?.headers ?? [])])).not.toContain('hunter2');
  });

  it('over HTTP/1.0 needs no host, and closes the connection', async () => {
    expect(await send('GET /livez HTTP/1.0\r\n\r\n')).toMatchObject([{ status: 200, body: { status: 'healthy' } }]);
  });

  it('over HTTP/1.1 without a host is 400', async () => {
    const [problem] = await send('GET /things HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(problem).toMatchObject({ status: 400, ...isProblem, body: { detail: expect.stringContaining('Host') } });
  });

  it.each([
    ['twice', 'Host: x\r\nhost: y\r\n'],
    ['twice alike', 'Host: x\r\nHost: x\r\n'],
    ['with a user', 'Host: alice@x\r\n'],
    ['with a path', 'Host: x/things\r\n'],
    ['with two names', 'Host: x, y\r\n'],
    ['with a port that is no number', 'Host: x:http\r\n'],
  ])('that names its host %s is 400', async (_what, host) => {
    const [problem] = await send(`GET /things HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect(problem).toMatchObject({ status: 400, ...isProblem, body: { detail: expect.stringContaining('Host') } });
  });

  it.each(['GET /things\r\n\r\n', 'GET /things HTTP/0.9\r\n\r\n'])('over HTTP/0.9 is 400: %j', async (bytes) => {
    expect(await send(bytes)).toMatchObject([{ status: 400, ...isProblem }]);
  });

  it('with Expect: 100-continue gets 100 Continue', async () => {
    const answers = await send(postThing('Expect: 100-continue\r\n'));
    expect(answers.map(({ status }) => status)).toEqual([100, 201]);
  });

  it('with an unknown expectation is answered, or gets 417', async () => {
    const [reply] = await send(postThing('Expect: miracles\r\n'));
    expect(reply?.status).toBeOneOf([201, 417]);
    expect(reply?.headers.get('Content-Type')).toMatch(/json/);
  });

  it('that is too large is 413 before its body arrives', async () => {
    expect(await send(postThing('', thing, 102_401))).toMatchObject([{ status: 413, ...isProblem }]);
    expect(await send(postThing('Expect: 100-continue\r\n', '', 2_000_000))).toMatchObject([
      { status: 413, ...isProblem },
    ]);
  });

  it('in endless chunks is 413 once it exceeds the limit', async () => {
    const chunks = `19000\r\n${' '.repeat(0x19000)}\r\n1\r\n \r\n`;
    const head = postThing('Transfer-Encoding: chunked\r\n', '').replace('Content-Length: 0\r\n', '');
    expect(await send(head + chunks)).toMatchObject([{ status: 413, ...isProblem }]);
  });
});

describe('pipelined requests', () => {
  it('are answered in order', async () => {
    const answers = send(`${slow}${next}GET /nothing HTTP/1.1\r\n${lines}\r\n`);
    await asked.promise;
    answer.resolve('yes');
    expect((await answers).map(({ status, body }) => body.id ?? body.done ?? status)).toEqual(['yes', 2, 404]);
  });

  it.each([
    ['together with them', ''],
    ['later', 'later'],
  ])('are answered before invalid HTTP that arrives %s', async (_when, later) => {
    const socket = await open(server);
    const answers = text(socket);
    socket.write(later ? slow + next : `${slow}${next}nonsense\r\n\r\n`);
    await asked.promise;
    if (later) socket.write('nonsense\r\n\r\n');
    // the server has read it by the time it answers a later request
    await call(server, 'GET /things');
    answer.resolve('yes');
    expect(answersIn(await answers)).toMatchObject([
      { status: 201, body: { done: 'yes' } },
      { status: 200, body: { id: 2 } },
      { status: 400, body: { detail: 'The request is not valid HTTP' } },
    ]);
  });
});

describe('a client', () => {
  it('that closes its side of the connection still gets its answer', async () => {
    const socket = await open(server);
    socket.end(slow);
    await asked.promise;
    answer.resolve('yes');
    expect(answersIn(await text(socket))).toMatchObject([{ status: 201, body: { done: 'yes' } }]);
  });

  it.each([
    ['in a header', 'GET /things HTTP/1.1\r\nHost:'],
    ['in a body', postThing('', '{"email":', 100)],
    ['in a chunk', postThing('Transfer-Encoding: chunked\r\n', 'f\r\n{').replace(/Content-Length: \d+\r\n/, '')],
  ])('that stops %s gets 400', async (_where, bytes) => {
    const socket = await open(server);
    socket.end(bytes);
    expect(answersIn(await text(socket))).toMatchObject([{ status: 400, ...isProblem }]);
  });

  it('that disconnects before its request is handled does no harm', async () => {
    const request = `POST /limited HTTP/1.1\r\n${lines}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    for (const bytes of [request, postThing('', '{"email":', 100), 'nonsense\r\n\r\n']) {
      const socket = await open(server);
      socket.write(bytes);
      socket.resetAndDestroy();
    }
    await eventually(() => server.log.find(({ message }) => message.startsWith('POST /limited')) ?? false);
  });

  it('that reads only after it has sent everything gets the error', async () => {
    const socket = await open(server);
    socket.write(`GET /things HTTP/1.1\r\n${lines}X-Thing: ${'a'.repeat(200_000)}\r\n\r\n`);
    // by then the server has sent its answer and stopped reading
    await call(server, 'GET /things');
    expect(answersIn(await text(socket))).toMatchObject([{ status: 431, ...isProblem }]);
  });

  it('that keeps a rejected connection open does not delay the shutdown of the server', async () => {
    const other = await aServer();
    const socket = await open(other);
    socket.setTimeout(0).allowHalfOpen = true;
    socket.write('nonsense\r\n\r\n');
    socket.resume();
    await once(socket, 'end');
    withoutDeadlines();
    await within('the end of the server', other.close());
    socket.destroy();
  });
});
