import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { aServer, type TestServer, thingRoutes } from './a-server.ts';
import { type Answer, call } from './call.ts';
import { exchange } from './raw-http.ts';

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: thingRoutes });
});
afterAll(() => server.close());

afterEach(async () => {
  expect((await call(server, 'GET /things')).status).toBe(200);
  expect(server.log.splice(0).filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

const send = (bytes: string) => exchange(server, bytes);
const get = (target: string, lines = '') =>
  send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${lines}Connection: close\r\n\r\n`);
/** Posts a thing with these header lines for its length. */
const post = (lines: string, body: string) =>
  send(
    `POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${lines}Connection: close\r\n\r\n${body}`,
  );

/** Expects one problem document and then the end of the connection. */
function expectRefusal(answers: Answer[], status: number, title: string, detail: unknown = expect.any(String)) {
  expect(answers).toHaveLength(1);
  const [{ headers, body, ...answer } = {} as Answer] = answers;
  expect([answer.status, headers.get('Content-Type')]).toEqual([
    status,
    expect.stringMatching(/^application\/problem\+json/),
  ]);
  expect(body).toMatchObject({ type: 'about:blank', title, status, detail, error: body.detail });
  expect(headers.get('Connection')).toBe('close');
}

describe('a request that is not valid HTTP', () => {
  it.each([
    ['a method in lower case', 'get /things HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['an unknown method', 'HACK /things HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['another version', 'GET /things HTTP/3.1\r\nHost: localhost\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['the beginning of TLS', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n'],
    ['line feeds alone', 'GET /things HTTP/1.1\nHost: localhost\n\n'],
    ['one line feed alone', 'GET /things HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n'],
    ['carriage returns alone', 'GET /things HTTP/1.1\rHost: localhost\r\r'],
    ['a NUL in its path', 'GET /thi\0ngs HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a tab in its path', 'GET /thi\tngs HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a byte beyond ASCII in its path', 'GET /thi\xc3\xbcngs HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['no slash before its path', 'GET things HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a query without a path', 'GET ?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('is rejected with 400 for %s', async (_what, bytes) => {
    expectRefusal(await send(bytes), 400, 'Bad Request', 'The request is not valid HTTP');
  });

  it.each([
    ['without a colon', 'X-Thing'],
    ['without a name', ': x'],
    ['with a space before its colon', 'X-Thing : x'],
    ['with a byte beyond ASCII in its name', 'X-Th\xefng: x'],
    ['on two lines', 'X-Thing: x\r\n y'],
    ['with a NUL', 'X-Thing: a\0b'],
    ['with an escape character', 'X-Thing: a\x1bb'],
    ['with a carriage return', 'X-Thing: a\rX-Other: b'],
  ])('is rejected with 400 for a header %s', async (_what, header) => {
    expectRefusal(await get('/things', `${header}\r\n`), 400, 'Bad Request', 'The request is not valid HTTP');
  });
});

describe('a request that is larger than 16 kB before its body', () => {
  const long = 'a'.repeat(17_000);

  it.each([
    ['one header', () => get('/things', `X-Thing: ${long}\r\n`)],
    ['many headers', () => get('/things', 'a:b\r\n'.repeat(6_000))],
    ['its target', () => get(`/${long}`)],
    ['its query', () => get(`/things?color=${long}`)],
    ['its trailers', () => post('Transfer-Encoding: chunked\r\n', `0\r\nX-Thing: ${long}\r\n\r\n`)],
  ])('is rejected with 431 for %s', async (_what, ask) => {
    expectRefusal(await ask(), 431, 'Request Header Fields Too Large', expect.stringContaining('16 kB'));
  });

  it('is rejected with 413 for its chunk extensions', async () => {
    const answers = await post('Transfer-Encoding: chunked\r\n', `2;${long}\r\n{}\r\n0\r\n\r\n`);
    expectRefusal(answers, 413, 'Payload Too Large', expect.stringContaining('chunk extensions'));
  });

  it('is answered if it is just below the limit', async () => {
    const [answer] = await get(`/${'a'.repeat(15_000)}`);
    expect(answer).toMatchObject({ status: 404, body: { title: 'Not Found' } });
  });
});

describe('a request with an ambiguous length', () => {
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';

  it.each([
    ['a length and chunks', `Content-Length: 4\r\n${chunked}`, '0\r\n\r\n'],
    ['chunks and a length', `${chunked}Content-Length: 4\r\n`, '0\r\n\r\n'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 40\r\n', '{}'],
    ['the same length twice', 'Content-Length: 2\r\nContent-Length: 2\r\n', '{}'],
    ['a list of lengths', 'Content-Length: 2, 2\r\n', '{}'],
    ['a length with a sign', 'Content-Length: +2\r\n', '{}'],
    ['a negative length', 'Content-Length: -2\r\n', '{}'],
    ['a length in hexadecimal', 'Content-Length: 0x2\r\n', '{}'],
    ['an empty length', 'Content-Length: \r\n', '{}'],
    ['a length that overflows', 'Content-Length: 99999999999999999999\r\n', '{}'],
    ['chunks twice', `${chunked}${chunked}`, '0\r\n\r\n'],
    ['chunks that are not the last encoding', 'Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'],
    ['an unknown transfer encoding', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
    ['a chunk whose size is not a number', chunked, 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a chunk whose size has a sign', chunked, '-2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk whose size has a prefix', chunked, '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk whose size overflows', chunked, 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'],
    ['a chunk that is longer than its size', chunked, '1\r\n{}\r\n0\r\n\r\n'],
  ])('is rejected with 400, and its body is not read as another request: %s', async (_what, lines, body) => {
    const answers = await post(lines, body + smuggled);
    expectRefusal(answers, 400, 'Bad Request', 'The request is not valid HTTP');
    expect(server.log.filter(({ message }) => message.includes('smuggled'))).toEqual([]);
  });

  it('does not include a rejected body that looks like another request', async () => {
    const lines = `Host: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    const answers = await send(
      `POST /things HTTP/1.1\r\n${lines}GET /things/2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(answers.map(({ status }) => status)).toEqual([415, 200]);
    expect(answers[1]?.body).toEqual({ id: 2 });
  });
});
