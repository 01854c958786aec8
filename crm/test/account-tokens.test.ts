import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '../src/customer.ts';
import { asAdmin, bearer, logIn, secretKey } from './log-in.ts';
import { aCustomer, adminPassword, startCrmOn, startTestCrm, type TestCrm } from './start.ts';

const password = 'the first long password';
const newPassword = 'the second long password';

describe.each(databases)('a customer with a password on %s', (kind) => {
  let crm: TestCrm;
  let admin: { Authorization: string };
  beforeAll(async () => {
    crm = await startTestCrm(kind, { JWT_SECRET_KEY: secretKey });
    admin = await asAdmin();
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const add = async (overrides: Record<string, unknown> = { password }): Promise<Account> => {
    return (await call(crm, 'POST /v1/customers', { body: aCustomer(overrides), headers: admin })).body;
  };
  const tokenOf = async (id: number, version: number) => {
    return bearer(await createTokens(secretKey).sign({ subject: String(id), role: 'customer', version }, 86_400));
  };
  /** Adds a customer that has a token. */
  const addWithToken = async (overrides?: Record<string, unknown>) => {
    const { id, email } = await add(overrides);
    return { id, email, headers: await tokenOf(id, 1) };
  };
  const change = (id: number, body: object, headers: Record<string, string> = admin) => {
    return call(crm, `PUT /v1/customers/${id}`, { body, headers });
  };
  const remove = (id: number) => call(crm, `DELETE /v1/customers/${id}`, { headers: admin });
  const restore = (id: number) => call(crm, `POST /v1/customers/${id}/restore`, { headers: admin });
  const readOwn = async ({ id, headers }: { id: number; headers: Record<string, string> }) => {
    return (await call(crm, `GET /v1/customers/${id}`, { headers })).status;
  };
  const loginStatus = async (credentials: object) => (await logIn(crm, credentials)).status;

  it('logs in by email in any case, also if it is sent as the username', async () => {
    const { id, email } = await add();
    const { id: another } = await add({});

    for (const name of [{ email }, { email: email.toUpperCase() }, { username: email }, { username: '', email }]) {
      const { status, headers, body } = await logIn(crm, { ...name, password });
      expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
      expect(await readOwn({ id, headers: bearer(body.access_token) })).toBe(200);
      expect(await readOwn({ id: another, headers: bearer(body.access_token) })).toBe(403);
    }
  });

  const ends: [what: string, change: (account: { id: number; headers: Record<string, string> }) => Promise<unknown>][] =
    [
      [
        'she changes her password',
        ({ id, headers }) => change(id, { password: newPassword, current_password: password }, headers),
      ],
      ['the admin changes her password', ({ id }) => change(id, { password: newPassword })],
      ['she is deleted', ({ id }) => remove(id)],
    ];
  it.each(ends)('loses all tokens as soon as %s, and a restore does not revive them', async (_, end) => {
    const account = await addWithToken();
    const before = await readOwn(account);

    await end(account);

    expect([before, await readOwn(account)]).toEqual([200, 401]);
    const { status } = await change(account.id, { name: 'Mallory' }, account.headers);
    expect(status).toBe(401);
    await remove(account.id);
    expect((await restore(account.id)).status).toBe(200);
    expect(await readOwn(account)).toBe(401);
  });

  it('logs in only with the new password after a change', async () => {
    const { id, email } = await add();
    const { body: first } = await logIn(crm, { email, password });
    const headers = bearer(first.access_token);

    const both = { password: newPassword, current_password: password };
    expect((await change(id, both, headers)).status).toBe(200);

    expect(await readOwn({ id, headers })).toBe(401);
    expect(await loginStatus({ email, password })).toBe(401);
    const { status, body } = await logIn(crm, { email, password: newPassword });
    expect(status).toBe(200);
    expect(await readOwn({ id, headers: bearer(body.access_token) })).toBe(200);
  });

  it('keeps her token when name and email change, and logs in only by the new email', async () => {
    const account = await addWithToken();
    const { email } = aCustomer();

    const both = { name: 'Alice Smith', email, current_password: password };
    const { body } = await change(account.id, both, account.headers);

    expect(body).toMatchObject({ name: 'Alice Smith', email });
    expect(await readOwn(account)).toBe(200);
    expect(await loginStatus({ email, password })).toBe(200);
    expect(await loginStatus({ email: account.email, password })).toBe(401);
  });

  it('keeps her token and password when a password change is rejected', async () => {
    const account = await addWithToken();
    const { email: taken } = await add({});

    const wanted = { password: newPassword, current_password: password };
    const stale = await change(account.id, wanted, { ...account.headers, 'If-Match': '"0"' });
    const conflict = await change(account.id, { ...wanted, email: taken }, account.headers);
    const short = await change(account.id, { password: 'too short' }, account.headers);

    expect([stale.status, conflict.status, short.status]).toEqual([412, 409, 400]);
    expect(await readOwn(account)).toBe(200);
    expect(await loginStatus({ email: account.email, password })).toBe(200);
  });

  it('can neither log in nor use a token while she is deleted, and can again once restored', async () => {
    const { id, email } = await add();

    await remove(id);
    const whileDeleted = await loginStatus({ email, password });
    const headers = await tokenOf(id, 2);
    const withToken = await readOwn({ id, headers });
    await restore(id);

    const { status, body } = await logIn(crm, { email, password });
    expect([whileDeleted, withToken, status]).toEqual([401, 401, 200]);
    expect(await readOwn({ id, headers })).toBe(200);
    expect(await readOwn({ id, headers: bearer(body.access_token) })).toBe(200);
  });

  it('cannot log in as the deleted customer who had her email before', async () => {
    const former = await addWithToken();
    await remove(former.id);
    const { id } = await add({ email: former.email, password: newPassword });

    expect(await loginStatus({ email: former.email, password })).toBe(401);
    const { body } = await logIn(crm, { email: former.email, password: newPassword });
    expect(await readOwn({ id, headers: bearer(body.access_token) })).toBe(200);
    expect(await readOwn({ id: former.id, headers: bearer(body.access_token) })).toBe(403);
  });

  it('can log in from the moment the admin sets her first password', async () => {
    const { id, email } = await add({});

    for (const guess of ['', password]) {
      expect(await loginStatus({ email, password: guess })).toBe(401);
    }
    await change(id, { password });
    expect(await loginStatus({ email, password })).toBe(200);
  });
});

describe.each(databases)('the admin on %s', (kind) => {
  const admin = { username: 'admin', password: adminPassword };
  const logInAs = async (crm: { url: string }, credentials: object) => {
    const { status, body } = await logIn(crm, credentials);
    return { status, headers: bearer(body.access_token) };
  };
  const list = async (crm: { url: string }, headers: Record<string, string>) => {
    return (await call(crm, 'GET /v1/customers', { headers })).status;
  };

  it('keeps his token across a restart with the same ADMIN_PASSWORD, and loses it with another', async () => {
    await using database = await freshDatabase(kind);
    const statuses: number[] = [];
    let headers = {};
    const start = async (environment: Record<string, string>, run?: (crm: { url: string }) => Promise<void>) => {
      await using crm = await startCrmOn(database, environment);
      await run?.(crm);
      statuses.push(await list(crm, headers));
    };

    await start({}, async (crm) => {
      headers = (await logInAs(crm, admin)).headers;
    });
    await start({});
    await start({ ADMIN_PASSWORD: '' });
    await start({ ADMIN_PASSWORD: newPassword });
    await start({});

    expect(statuses).toEqual([200, 200, 200, 401, 401]);
  });

  it('from an earlier configuration can neither log in nor ever use the old token again', async () => {
    await using database = await freshDatabase(kind);
    const former = await (async () => {
      await using crm = await startCrmOn(database);
      return await logInAs(crm, admin);
    })();

    await (async () => {
      await using crm = await startCrmOn(database, { ADMIN_USERNAME: 'root' });
      expect(await list(crm, former.headers)).toBe(401);
      expect((await logInAs(crm, admin)).status).toBe(401);
      expect((await logInAs(crm, { ...admin, username: 'root' })).status).toBe(200);
    })();

    await using crm = await startCrmOn(database);
    const again = await logInAs(crm, admin);
    expect([former.status, again.status]).toEqual([200, 200]);
    expect(await list(crm, former.headers)).toBe(401);
    expect(await list(crm, again.headers)).toBe(200);
  });
});
