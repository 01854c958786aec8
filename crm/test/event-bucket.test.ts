import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBucket } from '../src/adapters/event-bucket.ts';
import { type S3Server, startS3Server } from './an-s3-server.ts';

const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'a secret that no reason may hold' };
const key = 'events/CustomerCreated/20260131T123456.789Z-0000000000000042.json';

async function closedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
}

async function put(endpoint: string, settings: Partial<Parameters<typeof eventBucket>[0]> = {}) {
  using bucket = eventBucket({ bucket: 'customer-events', region: 'us-east-1', endpoint, keys, ...settings });
  return await bucket.put(key, '{"name":"Zoë 🎉"}');
}

describe('a bucket on a real server', () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3Server();
  });
  afterAll(() => s3[Symbol.asyncDispose]());

  it('holds an object once, however often it is put', async () => {
    const bucket = await s3.bucket();

    const reasons = [await put(s3.url, { bucket: bucket.name }), await put(s3.url, { bucket: bucket.name })];

    expect(reasons).toEqual([undefined, undefined]);
    expect(await bucket.objects()).toEqual([
      { key, contentType: 'application/cloudevents+json', body: { name: 'Zoë 🎉' } },
    ]);
  });

  it('is named as the reason until it exists', async () => {
    const name = 'made-later';

    const before = await put(s3.url, { bucket: name });
    await s3.bucket(name);

    expect(before).toBe('S3 answered 404 NoSuchBucket: The specified bucket does not exist');
    expect(await put(s3.url, { bucket: name })).toBeUndefined();
  });

  it('rejects a key that the server does not know', async () => {
    const { name } = await s3.bucket();

    const reason = await put(s3.url, { bucket: name, keys: { ...keys, accessKeyId: 'SOMEBODY' } });

    expect(reason).toMatch(/^S3 answered 403 InvalidAccessKeyId: /);
  });

  it('cannot be reached while the server is away', async () => {
    await using other = await startS3Server();
    await other.kill();

    expect(await put(other.url)).toBe('S3 cannot be reached (ECONNREFUSED)');
  });
});

const xml = (code: string) =>
  `<Error><Code>${code}</Code><Message>Because</Message><RequestId>4711</RequestId></Error>`;
const answering =
  (status: number, body = '') =>
  (reply: ServerResponse) =>
    reply.writeHead(status).end(body);
const silence = 'S3 gave no answer in 5 s';

describe.concurrent('the reason for a failed put', () => {
  const reasons: [what: string, answer: (reply: ServerResponse) => unknown, reason: string | RegExp][] = [
    ['500', answering(500, xml('InternalError')), 'S3 answered 500 InternalError: Because (request 4711)'],
    ['503', answering(503, xml('SlowDown')), 'S3 answered 503 SlowDown: Because (request 4711)'],
    ['403', answering(403, xml('AccessDenied')), 'S3 answered 403 AccessDenied: Because (request 4711)'],
    ['500 without a body', answering(500), /^S3 answered 500 /],
    ['an error page of a gateway', answering(502, '<html>\n<p>Bad gateway</html>'), /^S3 answered 502 [^\n]*$/],
    ['another region', answering(301, xml('PermanentRedirect')), /^S3 answered 301 PermanentRedirect: Because/],
    ['a connection that breaks', (reply) => reply.destroy(), 'S3 cannot be reached (ECONNRESET)'],
    ['something other than HTTP', (reply) => reply.socket?.end('220 ready\r\n'), /^S3 cannot be reached \(HPE_/],
    ['nothing', () => undefined, silence],
    ['half an answer', (reply) => reply.writeHead(200, { 'Content-Length': 9 }).write('half'), silence],
  ];

  it.each(reasons)('is returned for an answer of %s', async (_, answer, reason) => {
    await using server = await startServer(answer);

    const result = await put(server.url);

    expect(result).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
  });

  it('is the proxy, if the proxy on the way to the bucket does not answer', async () => {
    const { port } = await closedPort();
    using bucket = eventBucket(
      { bucket: 'customer-events', region: 'us-east-1', endpoint: undefined, keys },
      { https: `http://me:hidden@127.0.0.1:${port}`, except: [] },
    );

    expect(await bucket.put(key, '{}')).toBe(
      `S3 cannot be reached: the proxy 127.0.0.1:${port} does not answer (ECONNREFUSED); is HTTPS_PROXY right?`,
    );
  });

  it('never contains the secret, even if the secret cannot be sent', async () => {
    await using server = await startServer(answering(200));

    const reason = await put(server.url, { keys: { accessKeyId: 'line\nbreak', secretAccessKey: 'line\nbreak' } });

    expect(reason).toBe('S3 cannot be reached (ERR_INVALID_CHAR)');
  });
});

/** A server that gives this answer to every request. */
async function startServer(answer: (reply: ServerResponse) => unknown) {
  const server = createServer((request, reply) => request.resume().on('end', () => answer(reply)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
