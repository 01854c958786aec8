import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aServer, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: thingRoutes });
});
afterAll(() => server.close());

const notTaken = 'is not a query parameter of this route';

describe('a query parameter that the route does not take', () => {
  it('is rejected with the names of those that it takes', async () => {
    const { status, body } = await call(server, 'GET /things?owner=7&limit=1');
    expect([status, body.detail]).toEqual([400, `owner ${notTaken}, which takes after, limit, color, owner_id`]);
    expect(body.errors).toEqual([{ field: 'owner', message: notTaken }]);
  });

  it.each(['POST /things', 'GET /things/1', 'DELETE /things/1'])(
    'is rejected by %s, which takes none',
    async (request) => {
      const { status, body } = await call(server, `${request}?dry_run=true`, {
        ...(request.startsWith('POST') && { body: { email: 'alice@example.com' } }),
      });
      expect([status, body.detail]).toEqual([400, `dry_run ${notTaken}, which takes none`]);
    },
  );

  it.each(['/', '/health', '/livez', '/readyz', '/metrics', '/openapi.json'])('is rejected by %s too', async (path) => {
    expect((await call(server, `GET ${path}?verbose`)).body.detail).toBe(`verbose ${notTaken}, which takes none`);
  });

  it('is rejected whatever its name', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'a[b]', 'limit[]', 'limit ', 'Limit', '', 'ü'];
    for (const name of names) {
      const { status, body } = await call(server, `GET /things?${encodeURIComponent(name)}=1`);
      expect([status, body.errors]).toEqual([400, [{ field: name, message: notTaken }]]);
    }
    expect((await call(server, 'GET /things?%=x')).body.errors).toEqual([{ field: '%', message: notTaken }]);
  });

  it('is rejected without a value, because a misspelt name is one in a form that is not filled in, too', async () => {
    expect((await call(server, 'GET /things?colour=')).status).toBe(400);
  });

  it('is rejected behind a thousand others', async () => {
    const { status, body } = await call(server, `GET /things?${'limit=&'.repeat(1200)}colour=red`);
    expect([status, body.errors]).toEqual([400, [{ field: 'colour', message: notTaken }]]);
  });

  it('is named up to a length and a number that a person reads, without characters that move the text', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `n${index}`);
    const { errors, detail } = (await call(server, `GET /things?${many.join('&')}`)).body;
    expect([errors.length, detail]).toEqual([10, expect.stringMatching(/^n0, n1, .*n9 are not query parameters of /)]);
    const long = (await call(server, `GET /things?%E2%80%AE${'x'.repeat(500)}=1`)).body;
    expect(long.errors).toEqual([{ field: `\\u202e${'x'.repeat(44)}`, message: notTaken }]);
  });

  it('is rejected only after the token is checked', async () => {
    await using closed = await aServer({ routes: thingRoutes, environment: { REQUIRE_AUTH: 'true' } });
    expect((await call(closed, 'GET /things?colour=red')).status).toBe(401);
    const headers = await closed.as('admin');
    expect((await call(closed, 'GET /things?colour=red', { headers })).status).toBe(400);
  });

  it('is ignored by the files of the docs page, where a browser or a proxy may add one', async () => {
    const files = ['/docs?a=1', '/docs/?a=1', '/docs/swagger-ui.css?v=5', '/api/docs?a', '/apidocs/?a'];
    for (const file of files) expect([file, (await call(server, `GET ${file}`)).status]).toEqual([file, 200]);
  });
});

describe('an empty query parameter', () => {
  it.each(['after=&limit=&color=&owner_id=', 'after&limit&color&owner_id', 'limit=&limit=', '', '&', '&&'])(
    'counts as absent: ?%s',
    async (query) => {
      const { status, body } = await call(server, `GET /things?${query}`);
      expect([status, body]).toEqual([200, [{ id: 1 }, { id: 2 }, { id: 3 }]]);
    },
  );

  it('does not hide one with a value', async () => {
    expect((await call(server, 'GET /things?after=&after=2&limit=')).body).toEqual([{ id: 3 }]);
  });

  it('is not repeated in the link to the next page', async () => {
    const { headers } = await call(server, 'GET /things?color=&limit=1');
    expect(headers.get('Link')).toBe('</things?after=1&limit=1>; rel="next"');
  });
});

describe('a query parameter that is given twice', () => {
  it.each(['limit=1&limit=2', 'limit=1&limit=1', 'limit=1&after=&limit=2'])('is rejected: ?%s', async (query) => {
    const { status, body } = await call(server, `GET /things?${query}`);
    expect([status, body.detail]).toEqual([400, 'limit must be given only once']);
    expect(body.errors).toEqual([{ field: 'limit', message: 'must be given only once' }]);
  });
});
