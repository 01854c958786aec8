import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';

const get = { ...anyone, method: 'get' } as const;
const failingRoutes = [
  route({
    ...get,
    path: '/broken',
    handler: async () => {
      throw new Error('hunter2');
    },
  }),
  route({ ...get, path: '/closed', access: { open: false, roles: [] }, handler: async () => ({ status: 200 }) }),
];

let server: TestServer;
beforeAll(async () => {
  server = await aServer({ routes: [...thingRoutes, ...failingRoutes] });
});
afterAll(() => server.close());

describe('the docs', () => {
  it.each(['package.json', 'x/package.json', 'nothing', '..%2fpackage.json', '%00', '%ff', '%5c..%5cthings'])(
    'serve no other files: %s',
    async (path) => {
      const answer = await call(server, `GET /docs/${path}`);
      expect(answer.status).toBeOneOf([400, 404]);
      expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    },
  );

  it('are read-only', async () => {
    for (const path of ['/docs', '/docs/', '/docs/swagger-ui-init.js', '/docs/swagger-ui.css', '/apidocs']) {
      const { status, headers } = await call(server, `POST ${path}`);
      expect([path, status, headers.get('Content-Type')]).toEqual([
        path,
        expect.toSatisfy((refusal) => refusal === 404 || refusal === 405),
        expect.stringMatching(/^application\/problem\+json/),
      ]);
    }
  });
});

describe('an answer', () => {
  it.each([
    ['GET /things', 200],
    ['HEAD /things', 200],
    ['OPTIONS /things', 204],
    ['DELETE /things/1', 204],
    ['GET /things/x', 400],
    ['GET /closed', 401],
    ['GET /nothing', 404],
    ['PUT /things', 405],
    ['POST /things', 400],
    ['GET /broken', 500],
    ['GET /health', 200],
    ['GET /metrics', 200],
    ['GET /openapi.json', 200],
    ['GET /docs/', 200],
    ['GET /docs/swagger-ui.css', 200],
    ['GET /docs/nothing', 404],
    ['GET /docs', 301],
    ['GET /apidocs', 302],
  ])('to %s forbids framing and content sniffing, and does not name the server software', async (request, status) => {
    const [method = '', path = ''] = request.split(' ');
    const answer = await fetch(server.url + path, { method, redirect: 'manual' });
    expect(answer.status).toBe(status);
    const header = (name: string) => answer.headers.get(name);
    expect(header('X-Content-Type-Options')).toBe('nosniff');
    expect(header('X-Frame-Options')).toBe('SAMEORIGIN');
    expect(header('Content-Security-Policy')).toMatch(/^default-src '(self|none)'/);
    expect(header('Content-Security-Policy')).not.toMatch(/script-src[^;]*unsafe|script-src[^;]*https?:/);
    expect([header('Referrer-Policy'), header('X-Powered-By'), header('Server')]).toEqual(['no-referrer', null, null]);
    expect(header('X-Request-Id')).toMatch(/^[\w-]{36}$/);
  });
});
