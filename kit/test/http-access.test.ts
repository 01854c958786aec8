import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createTokens } from '../src/auth/tokens.ts';
import { AppError } from '../src/errors.ts';
import { anyone, aServer, route, type TestServer } from './a-server.ts';
import { call } from './call.ts';

const handler = async (_context: unknown, { caller }: { caller: unknown }) => ({
  status: 200,
  body: { caller: caller ?? null },
});
const routes = [
  route({ ...anyone, method: 'get', path: '/public', access: 'public', handler }),
  route({ ...anyone, method: 'get', path: '/open', access: { roles: ['service', 'admin'], open: true }, handler }),
  route({ ...anyone, method: 'get', path: '/closed', access: { roles: ['service', 'admin'], open: false }, handler }),
  route({ ...anyone, method: 'get', path: '/closed-to-most', access: { roles: ['admin'], open: false }, handler }),
];

/** The status of each route for a caller with this role, or without a token. */
async function statuses(server: TestServer, role?: string): Promise<Record<string, number>> {
  const headers = role === undefined ? {} : await server.as(role);
  const paths = ['/public', '/open', '/closed', '/closed-to-most'];
  const answers = await Promise.all(paths.map((path) => call(server, `GET ${path}`, { headers })));
  return Object.fromEntries(paths.map((path, index) => [path, answers[index]?.status ?? 0]));
}

describe('without REQUIRE_AUTH', () => {
  it('an open route needs no token and ignores one', async () => {
    await using server = await aServer({ routes });
    expect(await statuses(server)).toEqual({ '/public': 200, '/open': 200, '/closed': 401, '/closed-to-most': 401 });
    const { status, body } = await call(server, 'GET /open', { headers: { Authorization: 'Bearer garbage' } });
    expect([status, body]).toEqual([200, { caller: null }]);
  });

  it('any other route needs a token with a permitted role', async () => {
    await using server = await aServer({ routes });
    expect(await statuses(server, 'service')).toMatchObject({ '/closed': 200, '/closed-to-most': 403 });
    expect(await statuses(server, 'customer')).toMatchObject({ '/closed': 403, '/closed-to-most': 403 });
    expect(await statuses(server, 'admin')).toMatchObject({ '/closed': 200, '/closed-to-most': 200 });
  });
});

describe('with REQUIRE_AUTH', () => {
  const environment = { REQUIRE_AUTH: 'true' };

  it('an open route needs a token with a permitted role too', async () => {
    await using server = await aServer({ routes, environment });
    expect(await statuses(server)).toEqual({ '/public': 200, '/open': 401, '/closed': 401, '/closed-to-most': 401 });
    expect(await statuses(server, 'customer')).toMatchObject({ '/public': 200, '/open': 403, '/closed': 403 });
    expect(await statuses(server, 'service')).toMatchObject({ '/open': 200, '/closed': 200, '/closed-to-most': 403 });
  });

  it('a permitted role has access', async () => {
    await using server = await aServer({ routes, environment });
    expect(new Set(Object.values(await statuses(server, 'admin')))).toEqual(new Set([200]));
  });

  it.each(['', 'toString', '__proto__', 'Admin', 'admin,service'])('the role "%s" has no access', async (role) => {
    await using server = await aServer({ routes, environment });
    expect(await statuses(server, role)).toMatchObject({ '/open': 403, '/closed': 403, '/closed-to-most': 403 });
  });

  it('health, metrics, docs and / stay open', async () => {
    await using server = await aServer({ routes, environment });
    for (const path of ['/', '/health', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs']) {
      expect([path, (await call(server, `GET ${path}`)).status]).toEqual([path, 200]);
    }
  });

  it('unknown paths and methods are 404 and 405 without a token', async () => {
    await using server = await aServer({ routes, environment });
    expect((await call(server, 'GET /nothing')).status).toBe(404);
    expect((await call(server, 'POST /open')).status).toBe(405);
  });
});

describe('a token', () => {
  it('passes its claims to the handler', async () => {
    await using server = await aServer({ routes });
    const { body } = await call(server, 'GET /closed', { headers: await server.as('service') });
    expect(body).toEqual({ caller: { subject: '7', role: 'service' } });
  });

  it('is requested with a challenge if it is missing or invalid', async () => {
    await using server = await aServer({ routes });
    const foreign = await createTokens('another key of at least 32 bytes').sign(
      { subject: '7', role: 'admin' },
      86_400,
    );
    const { Authorization } = await server.as('admin');
    const refused = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer garbage',
      'Basic YWRtaW46YWRtaW4=',
      `Bearer ${foreign}`,
      (await server.as('admin', -1))['Authorization'],
      `${Authorization} more`,
      `Token ${Authorization}`,
      Authorization?.replace('Bearer ', ''),
    ];
    for (const value of refused) {
      const headers = value === undefined ? {} : { Authorization: value };
      const { status, headers: given, body } = await call(server, 'GET /closed', { headers });
      expect([value, status, given.get('WWW-Authenticate')]).toEqual([value, 401, 'Bearer']);
      expect(body).toMatchObject({ title: 'Unauthorized', error: body.detail });
    }
  });

  it('may spell its scheme in any case', async () => {
    await using server = await aServer({ routes });
    const { Authorization = '' } = await server.as('service');
    const headers = { Authorization: Authorization.replace('Bearer', 'bEARER') };
    expect((await call(server, 'GET /closed', { headers })).status).toBe(200);
  });

  it('without the permission is 403 without a challenge', async () => {
    await using server = await aServer({ routes });
    const { status, headers, body } = await call(server, 'GET /closed', { headers: await server.as('customer') });
    expect([status, headers.get('WWW-Authenticate'), body.title]).toEqual([403, null, 'Forbidden']);
  });
});

describe('a rate limit', () => {
  const limits = { perAddressMax: 3 };
  const limited = ['/login', '/other'].map((path) =>
    route({ ...anyone, method: 'post', path, limits, body: z.object({}), handler: async () => ({ status: 204 }) }),
  );

  it('answers 429 with Retry-After once it is reached, for its route only', async () => {
    await using server = await aServer({ routes: [...limited, ...routes] });
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await call(server, 'POST /login')).status).toBe(204);
    const { status, headers, body } = await call(server, 'POST /login');
    expect([status, body.title, body.error]).toEqual([429, 'Too Many Requests', body.detail]);
    expect(headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(Number(headers.get('Retry-After'))).toBeLessThanOrEqual(60);
    expect((await call(server, 'POST /other')).status).toBe(204);
    expect((await call(server, 'GET /open')).status).toBe(200);
  });

  it('counts addresses named by a trusted proxy, not those named by its client', async () => {
    await using server = await aServer({ routes: limited, environment: { TRUSTED_PROXIES: 'loopback' } });
    const statuses: number[] = [];
    for (const client of ['1.1.1.1', '1.1.1.1', '1.1.1.1', '1.1.1.1', '2.2.2.2']) {
      const headers = { 'X-Forwarded-For': `10.9.8.${statuses.length}, ${client}` };
      statuses.push((await call(server, 'POST /login', { headers })).status);
    }
    expect(statuses).toEqual([204, 204, 204, 429, 204]);
  });

  it('cannot be evaded by forwarded headers, and logs nothing to the console about them', async () => {
    await using server = await aServer({ routes: limited });
    using complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const statuses: number[] = [];
    for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4']) {
      const headers = { 'X-Forwarded-For': address, Forwarded: `for=${address}` };
      statuses.push((await call(server, 'POST /login', { headers })).status);
    }
    expect(statuses).toEqual([204, 204, 204, 429]);
    expect(complaints).not.toHaveBeenCalled();
  });
});

describe('a rate limit of an account', () => {
  const known = new Set(['alice at home']);
  const accountOf = ({ body }: { body: unknown }) => (body as { account?: string } | undefined)?.account;
  const handler = async (_context: unknown, { isKnownAddress, address, body }: LimitedRequest) => {
    if (body.fails) throw new AppError('unauthorized', 'Wrong');
    return { status: 200, body: { isKnownAddress, address } };
  };
  type LimitedRequest = { isKnownAddress: boolean; address: string; body: { fails?: boolean | undefined } };
  const limited = [true, false].map((countsFailuresOnly) =>
    route({
      ...anyone,
      method: 'post',
      path: countsFailuresOnly ? '/failures' : '/all',
      limits: {
        perAccount: {
          max: 3,
          countsFailuresOnly,
          accountOf,
          isKnown: async (_, { account, address }) => known.has(`${account} at ${address === '1.1.1.1' ? 'home' : ''}`),
        },
      },
      body: z.object({ account: z.string().optional(), fails: z.boolean().optional() }),
      handler,
    }),
  );
  let addresses = 1;
  const anotherAddress = () => {
    addresses += 1;
    return `1.1.1.${addresses}`;
  };
  const ask = (server: TestServer, path: string, body: object, address = anotherAddress()) =>
    call(server, `POST ${path}`, { body, headers: { 'X-Forwarded-For': address } });
  const start = () => aServer({ routes: limited, environment: { TRUSTED_PROXIES: 'loopback' } });
  const times = async (count: number, run: () => ReturnType<typeof ask>) => {
    const statuses: number[] = [];
    while (statuses.length < count) statuses.push((await run()).status);
    return statuses;
  };

  it('counts failures alone, or all requests, from every address', async () => {
    await using server = await start();
    const fail = { account: 'alice', fails: true };

    expect(await times(5, () => ask(server, '/failures', { account: 'alice' }))).toEqual(Array(5).fill(200));
    expect(await times(4, () => ask(server, '/failures', fail))).toEqual([401, 401, 401, 429]);
    expect(await times(4, () => ask(server, '/all', { account: 'alice' }))).toEqual([200, 200, 200, 429]);
    const { headers } = await ask(server, '/all', { account: 'alice' });
    expect(headers.get('Retry-After')).toMatch(/^([1-9]|[1-5]\d|60)$/);
  });

  it('counts each account, and nothing of a request without one', async () => {
    await using server = await start();
    await times(4, () => ask(server, '/all', { account: 'alice' }));

    expect((await ask(server, '/all', { account: 'bob' })).status).toBe(200);
    expect(await times(4, () => ask(server, '/all', {}))).toEqual([200, 200, 200, 200]);
  });

  it('counts what comes from a known address of the account apart, and tells the handler', async () => {
    await using server = await start();
    await times(4, () => ask(server, '/all', { account: 'alice' }));

    const { status, body } = await ask(server, '/all', { account: 'alice' }, '1.1.1.1');
    const more = await times(3, () => ask(server, '/all', { account: 'alice' }, '1.1.1.1'));
    const other = await ask(server, '/all', { account: 'bob' }, '1.1.1.1');

    expect([status, body]).toEqual([200, { isKnownAddress: true, address: '1.1.1.1' }]);
    expect(more).toEqual([200, 200, 429]);
    expect(other.body).toEqual({ isKnownAddress: false, address: '1.1.1.1' });
  });

  it('cannot be used up by an account that is named like a known address', async () => {
    await using server = await start();
    for (const account of ['alice","1.1.1.1', '["alice","1.1.1.1"]', 'alice 1.1.1.1'])
      await times(4, () => ask(server, '/all', { account }));

    expect((await ask(server, '/all', { account: 'alice' }, '1.1.1.1')).status).toBe(200);
  });
});

describe('a handler', () => {
  it('acts in the context of its caller, if it has one', async () => {
    const path = (name: string) => ({ ...anyone, method: 'get', path: name }) as const;
    const who = async (context: unknown) => ({ status: 200, body: { context } });
    const access = { roles: ['admin'], open: false };
    await using server = await aServer({
      routes: [route({ ...path('/open'), handler: who }), route({ ...path('/closed'), access, handler: who })],
      context: 'nobody',
      actingAs: ({ subject, role }) => `${role} ${subject}`,
    });

    const headers = await server.as('admin');
    expect((await call(server, 'GET /open', { headers })).body).toEqual({ context: 'nobody' });
    expect((await call(server, 'GET /closed', { headers })).body).toEqual({ context: 'admin 7' });
  });
});

describe('a web page of another origin', () => {
  const ours = 'https://app.example.com';
  const theirs = 'https://evil.example.com';

  it('may read answers, including errors, only if its origin is configured', async () => {
    await using server = await aServer({ routes, corsOrigins: [ours, 'http://localhost:8080'] });
    for (const path of ['/open', '/closed', '/nothing']) {
      const allowed = await call(server, `GET ${path}`, { headers: { Origin: ours } });
      expect(allowed.headers.get('Access-Control-Allow-Origin')).toBe(ours);
      expect(allowed.headers.get('Vary')).toContain('Origin');
      const refused = await call(server, `GET ${path}`, { headers: { Origin: theirs } });
      expect(refused.headers.get('Access-Control-Allow-Origin')).toBe(null);
    }
  });

  it.each([
    `${ours}.evil.com`,
    'https://app.example.com:8443',
    'http://app.example.com',
    'null',
    'https://APP.example.org',
  ])('is rejected if its origin only resembles a configured one: %s', async (origin) => {
    await using server = await aServer({ routes, corsOrigins: [ours] });
    const { headers } = await call(server, 'GET /open', { headers: { Origin: origin } });
    expect(headers.get('Access-Control-Allow-Origin')).toBe(null);
  });

  it('may read the special headers of answers', async () => {
    await using server = await aServer({ routes, corsOrigins: [ours] });
    const { headers } = await call(server, 'GET /open', { headers: { Origin: ours } });
    const exposed = headers.get('Access-Control-Expose-Headers')?.split(/, ?/);
    expect(exposed).toEqual(expect.arrayContaining(['Link', 'Location', 'X-Request-Id', 'Retry-After']));
  });

  it('gets an answer to its preflight', async () => {
    await using server = await aServer({ routes, corsOrigins: [ours] });
    const ask = (Origin: string) => {
      const headers = {
        Origin,
        'Access-Control-Request-Method': 'PUT',
        'Access-Control-Request-Headers': 'authorization',
      };
      return call(server, 'OPTIONS /closed', { headers });
    };
    const { status, headers } = await ask(ours);
    expect([status, headers.get('Access-Control-Allow-Origin')]).toEqual([204, ours]);
    expect(headers.get('Access-Control-Allow-Methods')).toContain('PUT');
    expect(headers.get('Access-Control-Allow-Headers')).toBe('authorization');
    expect((await ask(theirs)).headers.get('Access-Control-Allow-Origin')).toBe(null);
  });

  it('is never accepted if no origin is configured', async () => {
    await using server = await aServer({ routes });
    const { headers } = await call(server, 'GET /open', { headers: { Origin: ours } });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('does not change OPTIONS without a preflight, which lists the methods', async () => {
    await using server = await aServer({ routes, corsOrigins: [ours] });
    const { status, headers } = await call(server, 'OPTIONS /open');
    expect([status, headers.get('Allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });
});
