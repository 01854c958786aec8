import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { type Answer, call } from './call.ts';

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: thingRoutes });
});
afterAll(() => server.close());

const thing = '{"email":"alice@example.com"}';

/** Posts raw bytes. */
async function post(bytes: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  const init = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: new Uint8Array(Buffer.from(bytes)),
  };
  const response = await fetch(`${server.url}/things`, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function expectProblem(
  { status, headers, body }: Answer,
  expected: number,
  detail: unknown = expect.any(String),
): void {
  expect({ status, ...body }).toMatchObject({ status: expected, detail, error: body.detail });
  expect(headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
}

const encodings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

describe.each(Object.entries(encodings))('a body in %s', (encoding, compress) => {
  const headers = { 'Content-Encoding': encoding };

  it('is rejected if it exceeds the limit after decompression', async () => {
    expectProblem(await post(compress(Buffer.alloc(1_000_000, ' ')), headers), 413, 'The request body is too large');
  });

  it('is rejected if its bytes do not match its Content-Encoding', async () => {
    for (const bytes of [thing, compress(thing).subarray(0, -6), '']) {
      expectProblem(await post(bytes, headers), 400, expect.stringContaining('Content-Encoding'));
    }
  });
});

describe('a compressed body', () => {
  it('is rejected if its compressed size exceeds the limit', async () => {
    const nothing = Buffer.alloc(200_000, gzipSync(''));
    const body = Buffer.concat([gzipSync(thing), nothing]);
    expectProblem(await post(body, { 'Content-Encoding': 'gzip' }), 413, 'The request body is too large');
  });

  it('in chunks has no effect after it was rejected', async () => {
    let done = 0;
    const handler = async () => {
      done += 1;
      return { status: 204 };
    };
    const body = z.object({ email: z.string() });
    await using counting = await aServer({
      routes: [route({ ...anyone, method: 'post', path: '/count', body, handler })],
    });
    // the server handles the second request only after the whole first one has arrived
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (...chunks: Buffer[]) => {
      const headers = {
        'Content-Type': 'application/json',
        'Content-Encoding': 'gzip',
        'Transfer-Encoding': 'chunked',
      };
      const sent = request(`${counting.url}/count`, { method: 'POST', agent, headers });
      const answered = once(sent, 'response'); // it may arrive before the last chunk is sent
      for (const chunk of chunks) {
        sent.write(chunk);
        // a request on another connection is answered only after the chunk has arrived
        await call(counting, 'GET /livez');
      }
      sent.end();
      const [answer] = await answered;
      answer.resume();
      return answer.statusCode;
    };
    const statuses = [await send(gzipSync(thing), Buffer.alloc(200_000, gzipSync(''))), await send(gzipSync(thing))];
    agent.destroy();
    expect([statuses, done]).toEqual([[413, 204], 1]);
    expect(counting.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each(['gzip, gzip', 'x-gzip', 'compress', '__proto__', 'gzip;q=1'])(
    'is not decompressed as %s',
    async (encoding) => {
      const answer = await post(gzipSync(gzipSync(thing)), { 'Content-Encoding': encoding });
      expectProblem(answer, 415, expect.stringContaining('Content-Encoding'));
    },
  );

  it('needs the zlib header of deflate', async () => {
    expectProblem(await post(deflateRawSync(thing), { 'Content-Encoding': 'deflate' }), 400);
  });
});

describe('a body in another character set', () => {
  it.each([
    ['utf-16', Buffer.from(thing, 'utf16le')],
    ['utf-16le', Buffer.from(thing, 'utf16le')],
    ['utf-32', Buffer.from([...thing].map((char) => `${char}\0\0\0`).join(''))],
    ['utf-7', Buffer.from(thing.replaceAll('"', '+ACI-'))],
    ['iso-8859-1', Buffer.from(thing)],
    ['utf-__proto__', Buffer.from(thing)],
  ])('is rejected whatever its content: %s', async (charset, bytes) => {
    const answer = await post(bytes, { 'Content-Type': `application/json; charset=${charset}` });
    expectProblem(answer, 415, 'The request body must be encoded in UTF-8');
  });

  it('is malformed if no character set is declared', async () => {
    for (const bytes of [Buffer.from(thing, 'utf16le'), Buffer.from(`\ufeff${thing}`, 'utf16le')]) {
      expectProblem(await post(bytes), 400);
    }
  });

  it('does not include a byte order mark or another spelling of UTF-8', async () => {
    for (const [bytes, type] of [
      [`\ufeff${thing}`, 'application/json'],
      [thing, 'application/json; charset="UTF-8"'],
      [thing, 'APPLICATION/JSON;CHARSET=utf-8'],
    ] as const) {
      expect((await post(bytes, { 'Content-Type': type })).status).toBe(201);
    }
  });
});
