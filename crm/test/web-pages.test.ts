import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCustomer, addCustomer, adminPassword, startTestCrm, type TestCrm } from './start.ts';

const ours = 'https://app.example.com';
const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';

let crm: TestCrm;
let token: string;
beforeAll(async () => {
  crm = await startTestCrm('sqlite', { JWT_SECRET_KEY, CORS_ORIGINS: `${ours}, http://localhost:8080` });
  token = await createTokens(JWT_SECRET_KEY).sign({ subject: 'admin', role: 'admin', version: 1 }, 86_400);
});
afterAll(() => crm[Symbol.asyncDispose]());

type Request = { body?: unknown; headers?: Record<string, string> };

/** The headers that a browser sends for a page of this origin. */
const from = (Origin: string, request: string, { body, headers }: Request = {}) =>
  call(crm, request, { body, headers: { Origin, Authorization: `Bearer ${token}`, ...headers } });
const ask = (Origin: string, method: string, path: string, names: string) =>
  call(crm, `OPTIONS ${path}`, {
    headers: { Origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': names },
  });
const list = (text: string | null) => (text ?? '').split(/, ?/);

function expectReadable({ headers }: Answer): void {
  expect(headers.get('Access-Control-Allow-Origin')).toBe(ours);
  expect(headers.get('Access-Control-Allow-Credentials')).toBe(null);
  expect(list(headers.get('Vary'))).toContain('Origin');
}

describe('a page of an origin in CORS_ORIGINS', () => {
  it.each([
    ['POST', '/v1/auth/login', 'content-type'],
    ['POST', '/customers', 'content-type,prefer'],
    ['PUT', '/v1/customers/1', 'authorization,content-type,if-match'],
    ['DELETE', '/leads/1', 'authorization,x-request-id'],
    ['GET', '/nothing', 'authorization'],
  ])('may %s %s with its headers and without cookies', async (method, path, names) => {
    const answer = await ask(ours, method, path, names);
    expect([answer.status, answer.body]).toEqual([204, '']);
    expectReadable(answer);
    expect(list(answer.headers.get('Access-Control-Allow-Methods'))).toContain(method);
    expect(list(answer.headers.get('Access-Control-Allow-Headers'))).toEqual(names.split(','));
  });

  it('gets a token that no cache may keep', async () => {
    const body = { username: 'admin', password: adminPassword };
    const answer = await from(ours, 'POST /v1/auth/login', { body });
    expect(answer).toMatchObject({ status: 200, body: { access_token: expect.any(String) } });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expectReadable(answer);
  });

  it('can read the ETag that a later change needs', async () => {
    const { id } = await addCustomer(crm);
    const read = await from(ours, `GET /v1/customers/${id}`);
    expectReadable(read);
    expect(list(read.headers.get('Access-Control-Expose-Headers'))).toContain('ETag');
    const headers = { 'If-Match': read.headers.get('ETag') ?? '' };
    expectReadable(await from(ours, `PUT /v1/customers/${id}`, { body: { name: 'Bob' }, headers }));
    const late = await from(ours, `PUT /v1/customers/${id}`, { body: { name: 'Eve' }, headers });
    expect(late.status).toBe(412);
    expectReadable(late);
  });

  it('can read why a request was rejected', async () => {
    const { email } = await addCustomer(crm);
    const refusals = [
      [400, await from(ours, 'POST /customers', { body: '{' })],
      [401, await from(ours, 'GET /v1/customers', { headers: { Authorization: '' } })],
      [404, await from(ours, 'GET /nothing')],
      [405, await from(ours, 'PUT /customers')],
      [409, await from(ours, 'POST /customers', { body: aCustomer({ email }) })],
      [413, await from(ours, 'POST /customers', { body: { name: 'x'.repeat(102_400) } })],
      [415, await from(ours, 'POST /customers', { body: {}, headers: { 'Content-Type': 'text/plain' } })],
    ] as const;
    for (const [status, answer] of refusals) {
      expect(answer).toMatchObject({ status, body: { status, error: answer.body.detail } });
      expectReadable(answer);
    }
  });

  it('can read when to try again', async () => {
    await using other = await startTestCrm('sqlite', { CORS_ORIGINS: ours });
    const logIn = () => call(other, 'POST /v1/auth/login', { body: {}, headers: { Origin: ours } });
    for (let attempt = 0; attempt < 10; attempt += 1) expect((await logIn()).status).toBe(400);
    const answer = await logIn();
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([
      429,
      expect.stringMatching(/^([1-9]|[1-5]\d|60)$/),
    ]);
    expect(list(answer.headers.get('Access-Control-Expose-Headers'))).toContain('Retry-After');
    expectReadable(answer);
  });
});

describe('a page of any other origin', () => {
  it.each([
    'null',
    'https://evil.example.com',
    'https://app.example.com.evil.com',
    'https://app.example.com:444',
    'http://app.example.com',
    'http://localhost:80801',
    'HTTPS://APP.EXAMPLE.COM',
    '*',
    '',
    `${ours}, https://evil.example.com`,
  ])('can neither read nor write: %s', async (origin) => {
    for (const { headers } of [
      await ask(origin, 'PUT', '/v1/customers/1', 'authorization'),
      await from(origin, 'GET /customers'),
      await from(origin, 'GET /nothing'),
    ]) {
      expect(headers.get('Access-Control-Allow-Origin')).toBe(null);
      expect(headers.get('Access-Control-Allow-Credentials')).toBe(null);
      expect(list(headers.get('Vary'))).toContain('Origin');
    }
  });

  it('never gets a cached answer for another origin or for none', async () => {
    for (const path of ['/', '/customers', '/health', '/metrics', '/openapi.json', '/docs/', '/docs/swagger-ui.css']) {
      const { status, headers } = await call(crm, `GET ${path}`);
      expect([path, status, list(headers.get('Vary'))]).toEqual([path, 200, expect.arrayContaining(['Origin'])]);
    }
  });
});

describe('the docs page', () => {
  it('needs nothing that its content security policy forbids', async () => {
    const { headers, body } = await call(crm, 'GET /docs/');
    const policy = Object.fromEntries(
      (headers.get('Content-Security-Policy') ?? '').split(';').map((directive) => directive.trim().split(/ (.*)/, 2)),
    );
    expect(policy).toMatchObject({ 'default-src': "'self'", 'script-src': "'self'", 'script-src-attr': "'none'" });
    expect(policy).not.toHaveProperty('connect-src');
    const scripts = [...body.matchAll(/<script([^>]*)>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(1);
    for (const [, attributes = '', code = ''] of scripts) {
      expect([attributes, code.trim()]).toEqual([expect.stringMatching(/ src="\.\/[\w-]+\.js"/), '']);
    }
    expect(body).not.toMatch(/<[^>]+ on\w+=|javascript:|<base|<iframe|<object/i);
    expect((await call(crm, 'GET /docs/swagger-ui-init.js')).body).toMatch(/"url": "\.\.\/openapi\.json"/);
  });
});
