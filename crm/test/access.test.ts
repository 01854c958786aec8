import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCustomer, addCustomer, startTestCrm, type TestCrm } from './start.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';
const tokens = createTokens(JWT_SECRET_KEY);
const inOneDay = 86_400;

describe('with REQUIRE_AUTH=true', () => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm('sqlite', { REQUIRE_AUTH: 'true', JWT_SECRET_KEY });
    await callAs('admin', 'POST /customers', aCustomer());
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const callWith = (token: string, request: string, body?: unknown) => {
    return call(crm, request, { headers: { Authorization: `Bearer ${token}` }, ...(body !== undefined && { body }) });
  };
  const callAs = async (role: string, request: string, body?: unknown) => {
    const subject = role === 'admin' ? 'admin' : '1';
    return callWith(await tokens.sign({ subject, role, version: 1 }, inOneDay), request, body);
  };

  const report = { results: [{ customer_id: 1, state: 'delivered', package_id: 1, attempts: 1 }] };
  const routes: [request: string, body: unknown, done: number, roles: string[]][] = [
    ['POST /customers', aCustomer(), 201, ['admin']],
    ['GET /customers', undefined, 200, ['admin', 'service']],
    ['GET /customers/1', undefined, 200, ['admin', 'service']],
    ['PUT /customers/integration', report, 204, ['admin', 'service']],
  ];
  describe.each(routes)('%s', (request, body, done, roles) => {
    it.each(['admin', 'service', 'customer', ''])('allows only the permitted roles: %s', async (role) => {
      const { status } = await callAs(role, request, request.startsWith('POST') ? aCustomer() : body);

      expect(status).toBe(roles.includes(role) ? done : 403);
    });

    it('rejects a request without a token', async () => {
      const answer = await call(crm, request, body === undefined ? {} : { body });

      expect(answer).toMatchObject({
        status: 401,
        body: { title: 'Unauthorized', detail: 'A bearer token is required' },
      });
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    });
  });

  it('answers 401 before it reads the body', async () => {
    expect((await call(crm, 'POST /customers', { body: '{"name": ' })).status).toBe(401);
  });

  const claims = { subject: 'admin', role: 'admin', version: 1 };
  const signedWith = (key: string) => createTokens(key).sign(claims, inOneDay);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const invalid: [what: string, token: () => Promise<string> | string][] = [
    ['has expired', () => tokens.sign(claims, -1)],
    ['is signed with another key', () => signedWith('another key of no less than 32 bytes')],
    ['is not signed', async () => `${encode({ alg: 'none' })}.${(await signedWith(JWT_SECRET_KEY)).split('.')[1]}.`],
    ['was changed', async () => withRole('admin', await tokens.sign({ ...claims, role: 'customer' }, inOneDay))],
    ['is no token', () => 'admin'],
  ];
  it.each(invalid)('rejects a token that %s', async (_, token) => {
    const answer = await callWith(await token(), 'GET /customers');

    expect(answer.status).toBe(401);
    expect(answer.body.detail).toBe('The bearer token is not valid or has expired');
  });

  it.each(['/', '/health', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs/'])(
    'leaves %s open',
    async (path) => {
      expect((await call(crm, `GET ${path}`)).status).toBe(200);
    },
  );
});

describe('with REQUIRE_AUTH=false', () => {
  it('needs no token and ignores an invalid one', async () => {
    await using crm = await startTestCrm('sqlite');
    const { id } = await addCustomer(crm);

    const headers = { Authorization: 'Bearer nonsense' };

    expect((await call(crm, `GET /customers/${id}`)).status).toBe(200);
    expect((await call(crm, `GET /customers/${id}`, { headers })).status).toBe(200);
  });
});

function withRole(role: string, token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}
