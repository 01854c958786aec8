import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../src/http/listen.ts';
import { anyone, aServer, route, thingRoutes } from './a-server.ts';
import { call } from './call.ts';
import { eventually, within } from './eventually.ts';
import { answersIn, open } from './raw-http.ts';
import { withoutDeadlines } from './without-deadlines.ts';

let handled = 0;
let answer = Promise.withResolvers<void>();
const routes = [
  ...thingRoutes,
  route({
    ...anyone,
    method: 'get',
    path: '/counted',
    handler: async () => {
      handled += 1;
      await answer.promise;
      return { status: 200, body: { handled } };
    },
  }),
];
const counted = 'GET /counted HTTP/1.1\r\nHost: localhost\r\n\r\n';

afterEach(() => {
  handled = 0;
  answer = Promise.withResolvers();
});

describe('a client that pipelines', () => {
  it('gets its answers one after the other', async () => {
    await using server = await aServer({ routes });
    const socket = await open(server);
    socket.write(counted.repeat(5));
    await eventually(() => handled === 1);
    await call(server, 'GET /things');
    expect(handled).toBe(1);
    answer.resolve();
    await eventually(() => handled === 5);
    socket.destroy();
  });

  it('gets 16 answers on one connection if it waits for none; the last one says that it closes', async () => {
    await using server = await aServer({ routes });
    const socket = await open(server);
    socket.write(counted.repeat(1000));
    answer.resolve();
    const answers = answersIn(await text(socket));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect(answers.map(({ headers }) => headers.get('Connection'))).toEqual([...Array(15).fill('keep-alive'), 'close']);
    expect(handled).toBe(16);
  });

  it('and has left costs no more than the request under way', async () => {
    await using server = await aServer({ routes });
    const socket = await open(server);
    socket.write(counted.repeat(10));
    await eventually(() => handled === 1);
    socket.resetAndDestroy();
    await eventually(() => server.log.some(({ message }) => message.startsWith('GET /counted 499')));
    answer.resolve();
    await call(server, 'GET /things');
    expect(handled).toBe(1);
  });
});

describe('a client that does not read', () => {
  const large = () => Buffer.alloc(64 * 1024 * 1024);

  it.each<[string, (response: ServerResponse) => void]>([
    ['an answer', (response) => response.end(large())],
    ['a file', (response) => Readable.from(Array.from({ length: 10 }, large)).pipe(response)],
  ])('of %s is cut off', async (_what, answerWith) => {
    withoutDeadlines();
    const connected = Promise.withResolvers<Socket>();
    const listener = await listen(
      (request, response) => {
        connected.resolve(request.socket);
        answerWith(response);
      },
      { host: '127.0.0.1', port: 0, connectionsMax: 10, unreadMs: 100 },
    );
    const socket = await open(listener);
    socket.pause().write(counted);
    await within('the end of the connection', once(await connected.promise, 'close'));
    socket.destroy();
    await listener.close();
  });
});

describe('a client beyond CONNECTIONS_MAX', () => {
  it('is answered 503, and served once there is room', async () => {
    await using server = await aServer({ routes, environment: { CONNECTIONS_MAX: '2' } });
    const first = await open(server);
    const second = await open(server);
    const third = await open(server);
    third.write('GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [refusal] = answersIn(await text(third));
    expect(refusal).toMatchObject({
      status: 503,
      body: { detail: 'The service has too many connections; try again later' },
    });
    expect(refusal?.headers.get('Retry-After')).toBe('5');
    expect(server.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
    second.destroy();
    const request = { headers: { Connection: 'close' } };
    await eventually(async () => (await call(server, 'GET /things/1', request).catch(() => undefined))?.status === 200);
    first.destroy();
  });
});
