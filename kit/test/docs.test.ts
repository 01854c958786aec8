import { describe, expect, it } from 'vitest';
import { anyone, aServer, route, thingRoutes } from './a-server.ts';
import { call } from './call.ts';

describe('GET /openapi.json', () => {
  it('lists exactly the served routes', async () => {
    await using server = await aServer({ routes: thingRoutes });
    const { body } = await call(server, 'GET /openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const listed = Object.entries<object>(body.paths).flatMap(([path, methods]) => {
      return Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`);
    });
    const standard = ['/', '/health', '/readyz', '/livez', '/metrics', '/openapi.json'].map((path) => `GET ${path}`);
    const own = ['POST /things', 'GET /things', 'GET /things/{id}', 'DELETE /things/{id}'];
    expect(listed.sort()).toEqual([...standard, ...own].sort());
    for (const request of listed) {
      expect((await call(server, request.replace('{id}', '1'))).status).not.toBeOneOf([404, 405]);
    }
  });

  it('documents the input, the answers and the access of each route', async () => {
    const limits = { perAddressMax: 3 };
    const closed = { ...anyone, access: { roles: ['admin'], open: false }, limits } as const;
    const handler = async () => ({ status: 200 });
    await using server = await aServer({
      routes: [...thingRoutes, route({ ...closed, method: 'get', path: '/closed', handler })],
    });
    const { paths } = (await call(server, 'GET /openapi.json')).body;
    const add = paths['/things'].post;
    expect(add.requestBody.content['application/json'].schema).toMatchObject({
      required: ['email'],
      properties: { name: { type: 'string', minLength: 1, maxLength: 5 } },
    });
    expect(Object.keys(add.responses)).toEqual(expect.arrayContaining(['200', '400', '413', '415', '500']));
    const limit = paths['/things'].get.parameters.find(({ name }: { name: string }) => name === 'limit');
    expect(limit).toMatchObject({ in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 1000 } });
    expect(paths['/closed'].get.description).toBe('Needs a token of: admin.');
    expect(add.description).toBe('Needs a token only with `REQUIRE_AUTH=true`, then of: admin.');
    expect(Object.keys(paths['/closed'].get.responses)).toEqual(expect.arrayContaining(['401', '403', '429']));
  });

  it.each([
    ['false', []],
    ['true', [{ token: [] }]],
  ])('asks for a token exactly where one is needed, with REQUIRE_AUTH=%s', async (REQUIRE_AUTH, ofOpenRoutes) => {
    const handler = async () => ({ status: 200 });
    const closed = route({
      ...anyone,
      access: { roles: ['admin'], open: false },
      method: 'get',
      path: '/closed',
      handler,
    });
    await using server = await aServer({ routes: [...thingRoutes, closed], environment: { REQUIRE_AUTH } });
    const { paths } = (await call(server, 'GET /openapi.json')).body;
    const asked = [paths['/things'].post, paths['/closed'].get, paths['/health'].get];
    expect(asked.map(({ security }) => security)).toEqual([ofOpenRoutes, [{ token: [] }], []]);
    const refusals = asked.map(({ responses }) => ['401', '403'].every((status) => status in responses));
    expect(refusals).toEqual([REQUIRE_AUTH === 'true', true, false]);
  });

  it('describes each tag', async () => {
    await using server = await aServer({ routes: thingRoutes });
    const { tags } = (await call(server, 'GET /openapi.json')).body;
    expect(tags).toEqual([
      { name: 'things', description: 'All of them' },
      { name: 'operations', description: expect.any(String) },
    ]);
  });
});

describe('the docs page', () => {
  it('is served with all its files', async () => {
    await using server = await aServer();
    const { status, headers, body } = await call(server, 'GET /docs');
    expect([status, headers.get('Content-Type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    const files = [...body.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      expect(file).not.toMatch(/^(https?:)?\/\//);
      const answer = await call(server, `GET /docs/${file}`);
      expect([file, answer.status, answer.headers.get('Content-Type')]).toEqual([
        file,
        200,
        expect.not.stringContaining('html'),
      ]);
    }
    expect((await call(server, 'GET /docs/swagger-ui-init.js')).body).toContain('/openapi.json');
  });

  it.each(['/api/docs', '/api/docs/', '/apidocs', '/apidocs/'])(
    'is the target of the redirect from %s',
    async (path) => {
      await using server = await aServer();
      const response = await fetch(server.url + path, { redirect: 'manual' });
      expect(response.status).toBe(302);
      expect(response.headers.get('Location')).toMatch(/^\/docs\/?$/);
    },
  );
});
