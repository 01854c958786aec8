import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCrmWithItems } from './a-crm-with-items.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { aCustomer } from './start.ts';

const halves = ['\ud800', 'a\udfff', '\udf81\ud83c'];
const unstorable = ['\0', 'a\0b', ...halves];

/** Every stored text field, by request, with the other fields that the request needs. */
const texts: [request: string, body: () => object, fields: string[]][] = [
  ['POST /customers', aCustomer, ['name', 'email']],
  ['POST /v1/customers', aCustomer, ['name', 'email']],
  ['PUT /v1/customers/1', () => ({}), ['name', 'email']],
  ['POST /leads', () => ({ email: 'bob@example.com' }), ['email', 'name', 'status']],
  ['PUT /leads/1', () => ({}), ['email', 'name', 'status']],
  ['POST /actions', () => ({ action_type: 'call' }), ['action_type', 'details', 'description']],
  ['PUT /actions/1', () => ({}), ['action_type', 'details', 'description']],
  ['POST /processes', () => ({ name: 'Onboarding' }), ['name', 'channel', 'status', 'next_followup_datetime']],
  ['PUT /processes/1', () => ({}), ['name', 'channel', 'status', 'next_followup_datetime']],
];

/** JSON values that are not ids, though some parsers would convert them to one. */
const noIds = ['1e400', '-1e400', '1e308', '9007199254740992', '1.5', '1e-400', '-0', '-1', '"1"', 'true', '[1]', '{}'];
const noNumbers = ['1e400', '9e999', '-0', '-1', '1.5', '0x1', '1_0', '1%00', '%00', '+1', '%D9%A1'];
const lists = {
  '/customers': ['after', 'limit'],
  '/leads': ['after', 'limit'],
  '/actions': ['after', 'limit', 'lead_id'],
  '/processes': ['after', 'limit', 'lead_id'],
  '/v1/events': ['after', 'limit'],
  '/v1/customers': ['page', 'size'],
};

/** A CRM with one of everything. */
async function startFilledCrm(kind: DatabaseKind): Promise<CrmWithAdmin> {
  const crm = await startCrmWithAdmin(kind);
  for (const [request, body] of texts) if (request.startsWith('POST')) await crm.admin(request, { body: body() });
  return crm;
}

// what is refused here never reaches a database
describe('the CRM', () => {
  let crm: CrmWithAdmin;
  let before: unknown[];
  beforeAll(async () => {
    crm = await startFilledCrm('sqlite');
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  beforeEach(async () => {
    before = await stored();
  });
  afterEach(async () => {
    expect(await stored()).toEqual(before);
  });

  const stored = () => Promise.all(Object.keys(lists).map(async (path) => (await crm.admin(`GET ${path}`)).body));

  function expectRefusal({ status, body }: Answer, field: string): void {
    expect([status, body.errors]).toEqual([400, [{ field, message: expect.any(String) }]]);
  }

  it.each(texts)('stores no NUL and no half character through %s', async (request, body, fields) => {
    for (const field of fields) {
      for (const text of unstorable) {
        expectRefusal(await crm.admin(request, { body: { ...body(), [field]: text } }), field);
      }
    }
  });

  it('accepts no password that it could not tell from another', async () => {
    for (const half of halves) {
      const password = half.repeat(12);
      expectRefusal(await crm.admin('POST /v1/customers', { body: aCustomer({ password }) }), 'password');
      expectRefusal(await crm.admin('PUT /v1/customers/1', { body: { password } }), 'password');
    }
  });

  it.each(['lead_id', 'last_action_id'])('accepts only an id as %s', async (field) => {
    for (const request of ['POST /processes', 'PUT /processes/1']) {
      for (const id of noIds) {
        expectRefusal(await crm.admin(request, { body: `{"name":"Onboarding","${field}":${id}}` }), field);
      }
      const missing = await crm.admin(request, { body: { name: 'Onboarding', [field]: Number.MAX_SAFE_INTEGER } });
      expectRefusal(missing, field);
      expect(missing.body.detail).toMatch(/^(Lead|Action) not found$/);
    }
  });

  it.each(Object.entries(lists))('lists %s only by valid numbers', async (path, parameters) => {
    for (const parameter of parameters) {
      for (const value of [...noNumbers, `-${'9'.repeat(5_000)}`, `1&${parameter}=2`]) {
        expectRefusal(await crm.admin(`GET ${path}?${parameter}=${value}`), parameter);
      }
    }
  });

  it.each([
    ['/v1/customers', 'search'],
    ['/leads', 'status'],
    ['/processes', 'status'],
  ])('rejects a search for text that cannot be stored: %s?%s', async (path, parameter) => {
    for (const value of ['%00', 'a%00b', 'a%1bb', 'a%0d%0aX-Injected:1', 'a%C2%9B', `a&${parameter}=b`]) {
      expectRefusal(await crm.admin(`GET ${path}?${parameter}=${value}`), parameter);
    }
  });

  it('accepts no object and no half character as a login name', async () => {
    for (const name of [...halves, { $ne: '' }, ['admin'], true]) {
      const { status, body } = await crm.admin('POST /v1/auth/login', { body: { username: name, password: 'x' } });
      expect([status, body.errors]).toMatchObject([400, [{ field: 'username' }]]);
    }
  });

  it('is safe from prototype pollution', async () => {
    const hostile = '"__proto__":{"name":"x","polluted":1},"constructor":{"prototype":{"polluted":1}}';
    const { status, body } = await crm.admin('PUT /leads/1', { body: `{${hostile}}` });
    expect([status, body.name]).toEqual([200, null]);
    expect(await crm.admin('POST /leads', { body: `{"__proto__":{"email":"bob@example.com"}}` })).toMatchObject({
      status: 400,
    });
    expect(['polluted' in {}, 'name' in {}]).toEqual([false, false]);
  });
});

describe.each(databases)('a list of the CRM on %s', (kind) => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startFilledCrm(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it('is empty behind the largest number there is', async () => {
    for (const path of ['/customers', '/leads', '/actions', '/processes', '/v1/events']) {
      expect(await crm.admin(`GET ${path}?after=${Number.MAX_SAFE_INTEGER}`)).toMatchObject({ status: 200, body: [] });
    }
    const { status, body } = await crm.admin('GET /v1/customers?page=1000000000&size=100');
    expect([status, body.items]).toEqual([200, []]);
    expect(await crm.admin(`GET /actions?lead_id=${'9'.repeat(5_000)}`)).toMatchObject({ status: 200, body: [] });
  });

  it.each([
    ['/v1/customers', 'search'],
    ['/leads', 'status'],
    ['/processes', 'status'],
  ])('finds nothing by a text that only looks special: %s?%s', async (path, parameter) => {
    for (const value of [
      '%',
      '%zz',
      '%E0%A4%A',
      '%ED%A0%80',
      '%ff',
      "'",
      '"',
      '\\',
      '%25',
      '_',
      '%F0%9D%85%A0'.repeat(50),
    ]) {
      const { status, body } = await crm.admin(`GET ${path}?${parameter}=${value}`);
      expect([value, status, body.items ?? body]).toEqual([value, 200, []]);
    }
  });
});

describe('nobody else waits', () => {
  it('for one who logs in with a name that is hard to read', async () => {
    await using crm = await startCrmWithAdmin('sqlite');
    // combining marks in the wrong order: sorting them takes quadratic time
    const username = `a${'\u0300'.repeat(16_000)}${'\u0316'.repeat(16_000)}`;
    const before = process.threadCpuUsage();
    const { status, body } = await call(crm, 'POST /v1/auth/login', { body: { username, password: 'x' } });
    expect([status, body.errors]).toMatchObject([400, [{ field: 'username' }]]);
    expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
  });

  it('for a request with headers that are too large for the Inventory', async () => {
    await using crm = await startCrmWithItems();
    for (let attempt = 0; attempt < 5; attempt += 1) await crm.ask('', { traceparent: 'x'.repeat(15_950) });
    expect((await crm.ask()).status).toBe(200);
  });
});
