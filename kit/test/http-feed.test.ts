import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aServer, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: thingRoutes });
});
afterAll(() => server.close());

describe('a feed', () => {
  const ids = (body: { id: number }[]) => body.map(({ id }) => id);

  it('is an array of all rows without parameters', async () => {
    const { status, headers, body } = await call(server, 'GET /things');
    expect([status, ids(body), headers.get('Link')]).toEqual([200, [1, 2, 3], null]);
  });

  it('can be read page by page through its links', async () => {
    const pages: number[][] = [];
    let path: string | undefined = '/things?limit=1&color=red%26blue&owner_id=7';
    while (path) {
      const { headers, body } = await call(server, `GET ${path}`);
      pages.push(ids(body));
      const link = headers.get('Link');
      path = link ? /^<([^>]*)>; rel="next"$/.exec(link)?.[1] : undefined;
      if (path) {
        const query = Object.fromEntries(new URL(path, server.url).searchParams);
        expect(query).toEqual({ after: String(pages.length), limit: '1', color: 'red&blue', owner_id: '7' });
      }
    }
    expect(pages).toEqual([[1], [2], [3]]);
  });

  it('is empty after its end', async () => {
    const { body, headers } = await call(server, 'GET /things?after=3');
    expect([body, headers.get('Link')]).toEqual([[], null]);
    expect((await call(server, `GET /things?after=${Number.MAX_SAFE_INTEGER}`)).body).toEqual([]);
  });

  it('accepts a limit from 1 to 1000', async () => {
    expect((await call(server, 'GET /things?limit=1')).status).toBe(200);
    expect((await call(server, 'GET /things?limit=1000')).status).toBe(200);
    for (const limit of ['0', '1001', '-1', 'all', '1.5', '1&limit=2']) {
      const { status, body } = await call(server, `GET /things?limit=${limit}`);
      expect([status, body.errors[0].field]).toEqual([400, 'limit']);
    }
  });

  it('rejects an invalid after', async () => {
    for (const after of ['-1', 'abc', '1.5', '99999999999999999999', '%00', '1&after=2']) {
      const { status, body } = await call(server, `GET /things?after=${after}`);
      expect([status, body.errors[0].field]).toEqual([400, 'after']);
    }
  });
});
