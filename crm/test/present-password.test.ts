import { AppError } from '@doorstep/kit/errors.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { updateCustomer } from '../src/commands/update-customer.ts';
import type { Account } from '../src/customer.ts';
import { aContext } from './a-context.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { countHashes } from './count-hashes.ts';
import { bearer, logIn } from './log-in.ts';
import { aCustomer, openCrmDatabase } from './start.ts';

const password = 'the first long password';
const newPassword = 'the second long password';

describe.each(databases)('a customer who is logged in on %s', (kind) => {
  let crm: CrmWithAdmin;
  let alice: Account;
  let headers: Record<string, string>;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());
  beforeEach(async () => {
    alice = await crm.addAccount({ password });
    headers = await headersOf(alice);
  });

  const headersOf = async ({ email }: Account) => bearer((await logIn(crm, { email, password })).body.access_token);
  const change = (body: object, more: Record<string, string> = {}) =>
    call(crm, `PUT /v1/customers/${alice.id}`, { body, headers: { ...headers, ...more } });
  const loginStatus = async (given: string, email = alice.email) =>
    (await logIn(crm, { email, password: given })).status;

  const changes: [what: string, change: () => Record<string, string>][] = [
    ['password', () => ({ password: newPassword })],
    ['email', () => ({ email: aCustomer()['email'] as string })],
    ['email by its case alone', () => ({ email: alice.email.toUpperCase() })],
    ['email and name', () => ({ email: aCustomer()['email'] as string, name: 'Alice Smith' })],
  ];

  it.each(changes)('changes the %s with the present password, and not without', async (_, wanted) => {
    const body = wanted();
    const missing = await change(body);
    const wrong = await change({ ...body, current_password: newPassword });
    const empty = await change({ ...body, current_password: '' });
    const { status } = await change({ ...body, current_password: password });

    const field = 'current_password';
    expect(missing).toMatchObject({ status: 401, body: { errors: [{ field, message: 'is required' }] } });
    for (const refused of [wrong, empty])
      expect(refused).toMatchObject({ status: 401, body: { errors: [{ field, message: 'is wrong' }] } });
    expect(status).toBe(200);
    expect(await loginStatus(body['password'] ?? password, body['email'])).toBe(200);
  });

  it('changes nothing if the present password is missing or wrong', async () => {
    const before = (await crm.admin('GET /v1/events?limit=1000')).body;

    await change({ name: 'Mallory', email: aCustomer()['email'], password: newPassword });
    await change({ name: 'Mallory', password: newPassword, current_password: 'a wrong one' });

    expect((await crm.admin(`GET /v1/customers/${alice.id}`)).body).toStrictEqual(alice);
    expect((await crm.admin('GET /v1/events?limit=1000')).body).toEqual(before);
    expect([await loginStatus(password), await loginStatus(newPassword)]).toEqual([200, 401]);
  });

  it('changes the name without it, also beside the email that she has', async () => {
    expect(await change({ name: 'Alice Smith' })).toMatchObject({ status: 200, body: { name: 'Alice Smith' } });
    expect(await change({ name: 'Alice Jones', email: alice.email })).toMatchObject({ status: 200 });
  });

  it('gets another password and email from the admin without it', async () => {
    const { email } = aCustomer() as { email: string };
    const body = { email, password: newPassword };

    expect(await crm.admin(`PUT /v1/customers/${alice.id}`, { body })).toMatchObject({ status: 200, body: { email } });
    expect(await loginStatus(newPassword, email)).toBe(200);
  });

  it('is refused before any password is hashed', async () => {
    const { email: taken } = await crm.addAccount();
    using hashes = countHashes();

    const both = { password: newPassword, current_password: password };
    const answers = [
      await change({ password: newPassword }),
      await change(both, { 'If-Match': '"999999"' }),
      await change({ ...both, email: taken }),
      await crm.admin('PUT /v1/customers/999999999', { body: both }),
      await crm.admin('POST /v1/customers', { body: aCustomer({ email: taken, password }) }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([401, 412, 409, 404, 409]);
    expect(hashes.begun()).toBe(0);
  });

  it('learns what else is wrong, and changes the rest, while too many passwords are being checked', async () => {
    await using database = await openCrmDatabase(crm.database);
    const passwordWork = () => Promise.reject(new AppError('unavailable', 'Too many'));
    const context = aContext(database, { passwordWork });
    const refuse = () => {
      throw new AppError('precondition_failed', 'another version');
    };
    const put = (body: object, requireVersion: () => void = () => undefined) =>
      updateCustomer(context, { id: alice.id, requireVersion, isByAdmin: false }, body, {}).catch(({ code }) => code);

    const both = { password: newPassword, current_password: password };
    expect(await put(both, refuse)).toBe('precondition_failed');
    expect(await put({ password: newPassword })).toBe('unauthorized');
    expect(await put(both)).toBe('unavailable');
    expect(await put({ email: alice.email, name: 'Alice Smith' })).toMatchObject({ name: 'Alice Smith' });
  });

  it('has ten tries a minute, right or wrong, to change password or email', async () => {
    const bob = await crm.addAccount({ password });
    const wanted = { password: newPassword, current_password: 'a wrong one' };
    const tries = Array.from({ length: 10 }, (_, index) => change(wanted, index % 2 ? { 'If-Match': '"999999"' } : {}));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);

    const { status, headers: given, body } = await change({ ...wanted, current_password: password });

    expect(statuses.sort()).toEqual([...Array(5).fill(401), ...Array(5).fill(412)]);
    expect([status, body.detail]).toEqual([429, 'Only 10 tries a minute for this account; try again later']);
    expect(given.get('Retry-After')).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(await change({ name: 'Alice Smith' })).toMatchObject({ status: 200 });
    headers = await headersOf(bob);
    const bobs = { body: { ...wanted, current_password: password }, headers };
    expect(await call(crm, `PUT /v1/customers/${bob.id}`, bobs)).toMatchObject({ status: 200 });
    expect(await crm.admin(`PUT /v1/customers/${alice.id}`, { body: wanted })).toMatchObject({ status: 200 });
  });
});
