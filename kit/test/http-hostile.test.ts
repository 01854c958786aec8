import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { type Answer, call } from './call.ts';

const entry = z.object({ id: z.int(), note: z.string().optional() });
const bulk = route({
  ...anyone,
  method: 'post',
  path: '/bulk',
  body: z.object({ entries: z.array(entry).max(500).optional(), note: z.string().optional() }),
  bodyBytesMax: 1024 * 1024,
  handler: async (_context, { body }) => ({ status: 200, body }),
});
let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: [...thingRoutes, bulk] });
});
afterAll(() => server.close());

afterEach(() => {
  for (const name of ['polluted', 'note', 'email']) expect(name in {}).toBe(false);
});

/** Posts raw bytes. */
async function post(path: string, bytes: string): Promise<Answer> {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: bytes };
  const response = await fetch(server.url + path, init);
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

describe('a deep body', () => {
  const deep = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);
  const tooDeep = 'The request body has more than 64 levels of arrays and objects';

  it.each([
    deep(100_000, '[', ']'),
    `{"note":"x","more":${deep(100_000, '[', ']')}}`,
    `{"entries":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    `{"more":${deep(64, '[', ']')}}`,
    '['.repeat(50_000),
  ])('of more than 64 levels is refused before it is parsed', async (body) => {
    expectProblem(await post('/bulk', body), 400, tooDeep);
  });

  it('of 64 levels is accepted, and brackets in its texts do not count', async () => {
    const note = `${'['.repeat(100)}"\\\\${'{'.repeat(100)}`;
    const body = `{"note":${JSON.stringify(note)},"more":${deep(63, '[', ']')}}`;
    expect(await post('/bulk', body)).toMatchObject({ status: 200, body: { note } });
  });

  it('is malformed if it is not closed', async () => {
    for (const open of ['[', '{"a":', '{"entries":[']) {
      expectProblem(await post('/bulk', open.repeat(30)), 400, 'The request body is not valid JSON');
    }
  });
});

describe('a field', () => {
  it.each(['1e400', '-1e400', '1e308', '9007199254740992', '1.5', '1e-7', '"1"', 'true', '[1]', '{"valueOf":1}'])(
    'that must be a whole number rejects %s',
    async (value) => {
      const answer = await post('/things', `{"email":"alice@example.com","count":${value}}`);
      expectProblem(answer, 400);
      expect(answer.body.errors).toMatchObject([{ field: 'count' }]);
    },
  );

  it.each([
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['1E2', 100],
    ['10.0', 10],
    ['-0', 0],
  ])('that must be a whole number accepts %s', async (value, count) => {
    expect((await post('/things', `{"email":"alice@example.com","count":${value}}`)).body.count).toBe(count);
  });

  it('may have escapes in its name, and its last value counts', async () => {
    const body = '{"email":1,"\\u0065mail":2,"email":"alice@example.com","\\u0065\\u006dail":"bob@example.com"}';
    expect((await post('/things', body)).body).toEqual({ email: 'bob@example.com' });
  });

  it('is not read from prototypes, at any depth', async () => {
    const hostile = (own: string) =>
      `{${own}"__proto__":{"id":7,"note":"x","polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}`;
    const { status, body } = await post('/bulk', hostile(`"entries":[${hostile('"id":1,')}],`));
    expect([status, body]).toEqual([200, { entries: [{ id: 1 }] }]);
    expectProblem(await post('/bulk', `{"entries":[${hostile('')}]}`), 400, 'Missing required fields: entries.0.id');
  });

  it('is not read from a query that names prototypes', async () => {
    const names = [
      '__proto__[polluted]',
      '__proto__.polluted',
      'constructor[prototype][polluted]',
      '__proto__',
      'limit[]',
    ];
    const query = names.map((name) => `${encodeURIComponent(name)}=1`).join('&');
    const { status, body } = await call(server, `GET /things?${query}&limit=2`);
    expect([status, body.errors.map(({ field }: { field: string }) => field)]).toEqual([400, names]);
    expect('polluted' in {}).toBe(false);
  });
});
