import { call } from '@doorstep/kit/test/call.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startThree } from './three-services.ts';

const names = ['crm', 'inventory', 'middleware'] as const;
const openToAnyone = ['/health', '/livez', '/readyz', '/metrics'];
const alice = { name: 'Alice', email: 'alice@example.com' };

describe('a page elsewhere whose host name resolves to this machine', () => {
  let three: Awaited<ReturnType<typeof startThree>>;
  beforeAll(async () => {
    three = await startThree('sqlite');
    await call(three.crm, 'POST /customers', { body: alice });
  });
  afterAll(() => three[Symbol.asyncDispose]());

  /** Sends what a browser sends for such a page. */
  const askAs = (host: string, service: { url: string }, request: string, body?: unknown) => {
    const { port } = new URL(service.url);
    return call(service, request, { body, headers: { Host: `${host}:${port}`, Origin: `http://${host}:${port}` } });
  };

  it.each(names)('calls no route of %s but health and metrics', async (name) => {
    const { paths } = (await call(three[name], 'GET /openapi.json')).body;
    const requests = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '1')}`),
    );
    expect(requests.length).toBeGreaterThan(15);
    for (const request of [...requests, 'GET /docs/', 'GET /apidocs', 'GET /nothing', 'OPTIONS /customers']) {
      const { status, body } = await askAs('evil.example', three[name], request);
      const isOpen = openToAnyone.some((path) => request === `GET ${path}`);
      expect([request, status]).toEqual([request, isOpen ? 200 : 403]);
      if (!isOpen) expect(body.detail).toBe('The host name "evil.example" is not one of ALLOWED_HOSTS');
    }
  });

  it('neither reads nor adds customers', async () => {
    const read = await askAs('evil.example', three.crm, 'GET /customers');
    const added = await askAs('evil.example', three.crm, 'POST /customers', { name: 'Eve', email: 'eve@example.com' });
    expect([read.status, added.status]).toEqual([403, 403]);
    expect((await call(three.crm, 'GET /customers')).body).toMatchObject([alice]);
  });

  it.each(['localhost', '127.0.0.1', '[::1]', 'crm', 'inventory', 'middleware'])(
    'is not confused with the own pages of %s',
    async (host) => {
      for (const name of names) expect((await askAs(host, three[name], 'GET /')).status).toBe(200);
    },
  );
});

it('a CRM that does not know the host name in CRM_SERVICE_URL makes the middleware say what to set', async () => {
  await using fresh = await freshDatabase('sqlite');
  const common = { DATA_DIR: fresh.dataDir };
  await using crm = await spawnService('crm', { ...common, ALLOWED_HOSTS: 'crm.lan' });
  const CRM_SERVICE_URL = crm.url.replace('127.0.0.1', 'localhost');
  await using middleware = await spawnService('middleware', { ...common, CRM_SERVICE_URL });

  const sentence = 'CRM answered 403: The host name "localhost" is not one of ALLOWED_HOSTS; polling goes on';
  await eventually(() => middleware.output().includes(sentence));
});
