import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { type Answer, call } from './call.ts';

let server: TestServer;
beforeAll(async () => {
  const bulk = route({
    ...anyone,
    method: 'post',
    path: '/bulk',
    body: z.object({ text: z.string() }),
    bodyBytesMax: 1024 * 1024,
    handler: async (_context, { body }) => ({ status: 200, body: { length: body.text.length } }),
  });
  server = await aServer({ routes: [...thingRoutes, bulk] });
});
afterAll(() => server.close());

const aThing = { email: 'alice@example.com' };

/** Posts raw bytes. */
async function post(bytes: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/things`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: bytes,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function expectProblem({ status, headers, body }: Answer, expected: number, title: string, detail: unknown) {
  expect(headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  expect({ ...body, status }).toMatchObject({ type: 'about:blank', title, status: expected, detail });
  expect(body.status).toBe(expected);
  expect(body.error).toBe(body.detail);
}

describe('a valid body', () => {
  it('is accepted, and its unknown fields are ignored', async () => {
    const { status, body, headers } = await call(server, 'POST /things', { body: { ...aThing, more: 1 } });
    expect([status, body]).toEqual([201, aThing]);
    expect(headers.get('Location')).toBe('/things/4');
    expect(headers.get('Content-Type')).toMatch(/^application\/json/);
  });

  it('may have any JSON media type and be compressed', async () => {
    const json = JSON.stringify(aThing);
    expect((await post(json, { 'Content-Type': 'application/vnd.things+json; charset=utf-8' })).status).toBe(201);
    expect((await post(new Uint8Array(gzipSync(json)), { 'Content-Encoding': 'gzip' })).status).toBe(201);
  });

  it('uses the last value of a repeated field', async () => {
    expect((await post('{"email": "nonsense", "email": "alice@example.com"}')).body).toEqual(aThing);
    expect((await post('{"email": "alice@example.com", "email": "nonsense"}')).status).toBe(400);
  });

  it('is read whether its character set is called utf-8 or utf8', async () => {
    for (const parameter of [
      ...['charset=utf8', 'charset=UTF8', 'charset=UTF-8', 'charset="utf-8"', 'charset="UTF8"', "charset='utf-8'"],
      ...['charset=utf_8', 'charset=', 'charset=utf-8;', 'odata=verbose; Charset=utf8'],
    ]) {
      const headers = { 'Content-Type': `application/json;${parameter}` };
      expect((await post(JSON.stringify({ ...aThing, name: 'Zoë' }), headers)).body).toEqual({
        ...aThing,
        name: 'Zoë',
      });
    }
  });

  it('cannot pollute prototypes', async () => {
    const hostile =
      '{"email": "alice@example.com", "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}';
    const { status, body } = await post(hostile);
    expect([status, body]).toEqual([201, aThing]);
    expect('polluted' in {}).toBe(false);
    expectProblem(await post('{"__proto__": {"email": "alice@example.com"}}'), 400, 'Bad Request', expect.anything());
  });
});

describe('an invalid body', () => {
  it('is answered with its missing fields, whether absent, null or blank', async () => {
    for (const body of [{}, { email: null }, { email: '' }, { email: ' \t' }]) {
      const answer = await call(server, 'POST /things', { body });
      expectProblem(answer, 400, 'Bad Request', 'Missing required fields: email');
      expect(answer.body.errors).toEqual([{ field: 'email', message: 'is required' }]);
    }
  });

  it('is answered with all errors at once, field by field', async () => {
    const answer = await call(server, 'POST /things', { body: { name: 'too long', count: 1.5 } });
    expectProblem(
      answer,
      400,
      'Bad Request',
      expect.stringMatching(/^Missing required fields: email; name .*; count /),
    );
    expect(answer.body.errors).toEqual([
      { field: 'email', message: 'is required' },
      { field: 'name', message: 'must be 1 to 5 characters long' },
      { field: 'count', message: expect.stringMatching(/^must be /) },
    ]);
  });

  it.each(['[]', '[{"email":"alice@example.com"}]', '"alice"', '7', 'true', 'null'])(
    'is rejected if it is not an object: %s',
    async (json) => {
      expectProblem(await post(json), 400, 'Bad Request', 'The request body must be a JSON object');
    },
  );

  it.each(['{', '{"email": "alice@example.com"', "{'email': 1}", 'email=alice', '{"email": NaN}', '{"a":1}{"b":2}'])(
    'is rejected as malformed: %s',
    async (text) => expectProblem(await post(text), 400, 'Bad Request', 'The request body is not valid JSON'),
  );

  it('is rejected rather than rounded if it has an integer beyond 2^53', async () => {
    const { status, body } = await post(
      `{"email": 9007199254740993, "count": 7615917337495251231, "name": ${'9'.repeat(90_000)}}`,
    );
    expect([status, body.errors]).toEqual([
      400,
      [
        { field: 'email', message: 'must be a string' },
        { field: 'name', message: 'must be a string' },
        { field: 'count', message: expect.stringMatching(/^must be /) },
      ],
    ]);
  });

  it('is rejected if it is not UTF-8', async () => {
    const latin1 = new Uint8Array(Buffer.from('{"email":"alice@example.com","name":"Zo\u00eb"}', 'latin1'));
    expectProblem(await post(latin1), 400, 'Bad Request', 'The request body is not valid UTF-8');
    const cut = new Uint8Array([...Buffer.from('{"email":"'), 0xf0, 0x9f, ...Buffer.from('"}')]);
    expectProblem(await post(cut), 400, 'Bad Request', 'The request body is not valid UTF-8');
  });

  it('is answered with the missing fields if it is empty', async () => {
    expectProblem(await call(server, 'POST /things'), 400, 'Bad Request', 'Missing required fields: email');
    expectProblem(await post(''), 400, 'Bad Request', 'Missing required fields: email');
  });
});

describe('a body of another type', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('is rejected: %s', async (type) => {
    const answer = await post('{"email":"alice@example.com"}', { 'Content-Type': type });
    expectProblem(answer, 415, 'Unsupported Media Type', expect.stringContaining('application/json'));
  });

  it('is rejected without a type', async () => {
    const response = await fetch(`${server.url}/things`, { method: 'POST', body: new Uint8Array(Buffer.from('{}')) });
    expect(response.status).toBe(415);
  });

  it('is rejected in an unknown character set or encoding', async () => {
    const latin1 = await post('{}', { 'Content-Type': 'application/json; charset=iso-8859-1' });
    expectProblem(latin1, 415, 'Unsupported Media Type', 'The request body must be encoded in UTF-8');
    const squeezed = await post('{}', { 'Content-Encoding': 'squeezed' });
    expectProblem(squeezed, 415, 'Unsupported Media Type', expect.stringContaining('Content-Encoding'));
  });
});

describe('a body that is too large', () => {
  const padded = (bytes: number) => JSON.stringify(aThing).padEnd(bytes);

  it('is rejected above 100 kB, and the next request succeeds', async () => {
    expect((await post(padded(100 * 1024))).status).toBe(201);
    expectProblem(await post(padded(100 * 1024 + 1)), 413, 'Payload Too Large', 'The request body is too large');
    expect((await post(padded(10))).status).toBe(201);
  });

  it('is rejected above 1 MB on a route for batches', async () => {
    const text = 'x'.repeat(1024 * 1024);
    expect((await call(server, 'POST /bulk', { body: { text: text.slice(20) } })).status).toBe(200);
    expect((await call(server, 'POST /bulk', { body: { text } })).status).toBe(413);
  });

  it('is rejected if it exceeds the limit after decompression', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(10_000_000, ' ')));
    expectProblem(
      await post(bomb, { 'Content-Encoding': 'gzip' }),
      413,
      'Payload Too Large',
      'The request body is too large',
    );
  });

  it('is rejected without a crash if it is deeply nested', async () => {
    expect((await post('['.repeat(50_000))).status).toBe(400);
    expect((await post(`{"email":${'['.repeat(40_000)}${']'.repeat(40_000)}}`)).status).toBe(400);
  });
});
