import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aServer, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';

const PUBLIC_URL = 'https://example.com/some/things';

/** The status and the address, without following it. */
async function redirectOf(server: TestServer, path: string) {
  const { status, headers } = await fetch(server.url + path, { redirect: 'manual' });
  return [status, headers.get('Location')];
}

describe('a service with PUBLIC_URL, behind a proxy that strips its path', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await aServer({ routes: thingRoutes, environment: { PUBLIC_URL } });
  });
  afterAll(() => server.close());

  it('gives the public address of a new thing', async () => {
    const { headers } = await call(server, 'POST /things', { body: { email: 'alice@example.com' } });
    expect(headers.get('Location')).toBe(`${PUBLIC_URL}/things/4`);
  });

  it('links to the public address of the next page', async () => {
    const { headers } = await call(server, 'GET /things?limit=1&color=a%2Fb');
    expect(headers.get('Link')).toBe(`<${PUBLIC_URL}/things?after=1&limit=1&color=a%2Fb>; rel="next"`);
  });

  it('says where its docs are', async () => {
    expect((await call(server, 'GET /')).body.docs).toBe(`${PUBLIC_URL}/docs`);
    expect((await call(server, 'GET /nothing')).body.detail).toContain(`GET ${PUBLIC_URL}/docs`);
  });

  it.each([
    ['/docs', 301],
    ['/api/docs', 302],
    ['/api/docs/', 302],
    ['/apidocs', 302],
    ['/apidocs/', 302],
  ])('redirects %s to the public docs page', async (path, status) => {
    expect(await redirectOf(server, path)).toEqual([status, `${PUBLIC_URL}/docs/`]);
  });

  it('has a docs page whose files and document are found under any path', async () => {
    const { body } = await call(server, 'GET /docs/');
    const files = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
    const [, document] = /"url": "([^"]+)"/.exec((await call(server, 'GET /docs/swagger-ui-init.js')).body) ?? [];
    expect(files.length).toBeGreaterThan(2);
    for (const address of [...files, document]) {
      const { href } = new URL(address, `${PUBLIC_URL}/docs/`);
      expect(href).toMatch(new RegExp(`^${PUBLIC_URL}/(docs/|openapi.json$)`));
      expect((await call(server, `GET ${href.slice(PUBLIC_URL.length)}`)).status).toBe(200);
    }
  });

  it('documents the public address as its server', async () => {
    const { servers } = (await call(server, 'GET /openapi.json')).body;
    expect(servers).toEqual([{ url: PUBLIC_URL, description: expect.any(String) }]);
  });
});

it('a service without PUBLIC_URL gives paths', async () => {
  await using server = await aServer({ routes: thingRoutes });
  const { headers } = await call(server, 'POST /things', { body: { email: 'alice@example.com' } });
  expect(headers.get('Location')).toBe('/things/4');
  expect((await call(server, 'GET /things?limit=1')).headers.get('Link')).toBe('</things?after=1&limit=1>; rel="next"');
  expect((await call(server, 'GET /')).body.docs).toBe('/docs');
  expect((await call(server, 'GET /openapi.json')).body.servers).toMatchObject([{ url: '/' }]);
  expect(await redirectOf(server, '/docs')).toEqual([301, '/docs/']);
  expect(await redirectOf(server, '/apidocs')).toEqual([302, '/docs/']);
});
