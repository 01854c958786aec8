import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { ensureAdmin } from '../src/commands/ensure-admin.ts';
import type { CrmContext } from '../src/context.ts';
import { aContext } from './a-context.ts';
import {
  adminPassword,
  crmEnvironment,
  databaseWithAdmin,
  openCrmDatabase,
  startCrmOn,
  startTestCrm,
} from './start.ts';

const logIn = (crm: { url: string }, body: unknown) => call(crm, 'POST /v1/auth/login', { body });

describe.each(databases)('logging in on %s', (kind) => {
  it('returns a token that opens protected routes', async () => {
    await using crm = await startTestCrm(kind, { REQUIRE_AUTH: 'true', JWT_EXPIRES_SECONDS: '600' });

    const { status, body } = await logIn(crm, { username: 'admin', password: adminPassword });

    expect(status).toBe(200);
    expect(body).toStrictEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 600 });
    const headers = { Authorization: `Bearer ${body.access_token}` };
    expect((await call(crm, 'GET /customers')).status).toBe(401);
    expect((await call(crm, 'GET /customers', { headers })).status).toBe(200);
  });

  it('fails with the same answer whatever was wrong', async () => {
    await using crm = await startTestCrm(kind);

    const answers = [
      await logIn(crm, { username: 'admin', password: `${adminPassword}!` }),
      await logIn(crm, { username: 'nobody', password: adminPassword }),
      await logIn(crm, { username: 'Admin', password: adminPassword }),
      await logIn(crm, { username: 'admin', password: '' }),
      await logIn(crm, { username: "' or 1=1 --", password: adminPassword }),
    ];

    const detail = 'Wrong username or password';
    const body = { type: 'about:blank', title: 'Unauthorized', status: 401, detail, error: detail };
    expect(answers.map((answer) => answer.body)).toEqual(answers.map(() => body));
    expect(answers.map(({ headers }) => headers.get('WWW-Authenticate'))).toEqual(answers.map(() => 'Bearer'));
  });

  it('is rejected as bad input with a name that not every database can query', async () => {
    await using crm = await startTestCrm(kind);

    for (const field of ['username', 'email']) {
      const { status, body } = await logIn(crm, { [field]: 'admin\0', password: adminPassword });
      expect([status, body.errors]).toMatchObject([400, [{ field }]]);
    }
  });

  it('is rejected at the eleventh attempt in a minute, right or wrong', async () => {
    await using crm = await startTestCrm(kind);
    const tries = await Promise.all(Array.from({ length: 10 }, () => logIn(crm, { username: 'admin', password: 'x' })));

    const { status, headers, body } = await logIn(crm, { username: 'admin', password: adminPassword });

    expect(tries.map((answer) => answer.status)).toEqual(Array(10).fill(401));
    expect(status).toBe(429);
    expect(body).toMatchObject({ title: 'Too Many Requests', detail: expect.stringContaining('10 tries a minute') });
    expect(headers.get('Retry-After')).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect((await call(crm, 'GET /customers')).status).toBe(200);
  });
});

describe('logging in with', () => {
  it('the configured admin name works in the email field, and the default name does not', async () => {
    await using crm = await startTestCrm('sqlite', { ADMIN_USERNAME: 'root@example.com' });

    expect(await logIn(crm, { email: 'root@example.com', password: adminPassword })).toMatchObject({ status: 200 });
    expect(await logIn(crm, { username: 'admin', password: adminPassword })).toMatchObject({ status: 401 });
  });

  const refused: [what: string, body: object, detail: string | RegExp][] = [
    ['nothing', {}, 'Missing required fields: password'],
    ['no name', { password: 'x' }, 'Missing required fields: username'],
    ['no password', { username: 'admin' }, 'Missing required fields: password'],
    ['a number for a password', { username: 'admin', password: 5 }, 'password must be a string'],
    ['a password of 1001 characters', { username: 'admin', password: 'x'.repeat(1001) }, /^password /],
    ['a name of 255 characters', { username: 'x'.repeat(255), password: 'x' }, /^username /],
  ];

  it.each(refused)('%s is rejected as bad input', async (_, body, detail) => {
    await using crm = await startTestCrm('sqlite');

    const answer = await logIn(crm, body);

    expect(answer.status).toBe(400);
    expect(answer.body.detail).toMatch(detail);
  });
});

describe('the admin created at the first start', () => {
  it('has a password that is shown only once', async () => {
    await using database = await freshDatabase('sqlite');
    const environment = crmEnvironment(database, { ADMIN_PASSWORD: '', LOG_LEVEL: 'debug' });
    await using first = await spawnService('crm', environment);
    const [, username, password = ''] = /username (\S+), password ([\w-]{20}) \(shown/.exec(first.output()) ?? [];
    const { status } = await logIn(first, { username, password });
    await first.end('SIGTERM');
    await using second = await spawnService('crm', environment);
    const { status: later } = await logIn(second, { username, password });
    await second.end('SIGTERM');

    expect([username, status, later]).toEqual(['admin', 200, 200]);
    expect((first.output() + second.output()).split(password)).toHaveLength(2);
    expect(second.output()).not.toMatch(/Admin created/);
  });
});

describe.each(databases)('the admin on %s', (kind) => {
  it('gets a new password when the CRM starts with another ADMIN_PASSWORD', async () => {
    await using database = await freshDatabase(kind);
    const passwords = ['the first password', 'the second password'];
    const statuses: number[] = [];
    for (const ADMIN_PASSWORD of passwords) {
      await using crm = await startCrmOn(database, { ADMIN_PASSWORD });
      for (const password of passwords) statuses.push((await logIn(crm, { username: 'admin', password })).status);
    }

    expect(statuses).toEqual([200, 401, 401, 200]);
    expect(await storedAdmins(database)).toHaveLength(1);
  });

  it('gets the new password once when several processes start with it, so that no token ends twice', async () => {
    await using database = await databaseWithAdmin(kind);
    await using resources = new AsyncDisposableStack();
    const processes: CrmContext[] = [];
    while (processes.length < 4) processes.push(aContext(resources.use(await openCrmDatabase(database))));

    const admin = { username: 'admin', password: 'another password' };
    await Promise.all(processes.map((context) => ensureAdmin(context, admin)));

    expect(await storedAdmins(database)).toMatchObject([{ credentials_version: 2 }]);
  });

  it('keeps the password if ADMIN_PASSWORD is unset, and the hash if it is unchanged', async () => {
    await using database = await freshDatabase(kind);
    for (const environment of [{}, {}, { ADMIN_PASSWORD: '' }]) {
      await using crm = await startCrmOn(database, environment);
      expect(await logIn(crm, { username: 'admin', password: adminPassword })).toMatchObject({ status: 200 });
    }
  });
});

async function storedAdmins(database: Parameters<typeof openCrmDatabase>[0]) {
  await using opened = await openCrmDatabase(database);
  return await opened.db.selectFrom('admins').selectAll().execute();
}
