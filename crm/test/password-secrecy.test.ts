import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { asAdmin, secretKey } from './log-in.ts';
import { aCustomer, adminPassword, crmEnvironment, openCrmDatabase } from './start.ts';

const password = 'sesame-open-1';
const newPassword = 'sesame-open-2';
const secrets = [adminPassword, password, newPassword, 'sesame', secretKey];

describe('a password', () => {
  it('appears in no answer, event or log line and nowhere in the database', async () => {
    await using database = await freshDatabase('sqlite');
    const environment = crmEnvironment(database, { JWT_SECRET_KEY: secretKey, LOG_LEVEL: 'debug' });
    await using crm = await spawnService('crm', environment);

    const answers = await useEveryWay(crm);
    const events = await call(crm, 'GET /v1/events', { headers: await asAdmin() });
    await crm.end('SIGTERM');
    const stored = await everythingIn(database);

    const statuses = [201, 409, 400, 400, 200, 401, 200, 401, 400, 400, 400, 200, 412, 400, 200, 200, 204, 200];
    expect(answers.map(({ status }) => status)).toEqual(statuses);
    expect(events.body).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ changed: ['password'] }) }),
    );
    expect(stored.split('$argon2id$v=19$')).toHaveLength(3);
    expect(crm.output()).toMatch(/POST \/v1\/auth\/login 401/);
    const said = [...answers, events].map(({ headers, body }) => JSON.stringify([...headers, body])).join('\n');
    for (const secret of secrets) {
      expect(said).not.toContain(secret);
      expect(crm.output()).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
    for (const text of [said, crm.output()]) expect(text).not.toMatch(/argon2|password_hash|credentials_version/);
  });
});

/** Sends a password in every place that accepts one, in valid and invalid requests. */
async function useEveryWay(crm: { url: string }): Promise<Answer[]> {
  const headers = await asAdmin();
  const body = aCustomer({ password });
  const { email } = body as { email: string };
  const asked: [request: string, body?: unknown, headers?: Record<string, string>][] = [
    ['POST /v1/customers', body],
    ['POST /v1/customers', body],
    ['POST /v1/customers', { ...body, password: [password] }],
    ['POST /v1/customers', `{"password": "${password}", `],
    ['POST /v1/auth/login', { email, password }],
    ['POST /v1/auth/login', { email, password: newPassword }],
    ['POST /v1/auth/login', { username: 'admin', password: adminPassword }],
    ['POST /v1/auth/login', { username: password, password: adminPassword }],
    ['POST /v1/auth/login', `${password}`],
    [`POST /v1/auth/login?username=admin&password=${password}`, {}],
    [`GET /v1/customers/999?password=${password}`],
    ['PUT /v1/customers/1', { password: newPassword }],
    ['PUT /v1/customers/1', { password }, { 'If-Match': '"0"' }],
    ['PUT /v1/customers/1', { password: `${password}${'x'.repeat(1000)}` }],
    ['GET /v1/customers/1'],
    ['GET /v1/customers?include_deleted=true'],
    ['DELETE /v1/customers/1'],
    ['POST /v1/customers/1/restore'],
  ];
  const answers: Answer[] = [];
  for (const [request, body, more] of asked) {
    answers.push(await call(crm, request, { body, headers: { ...headers, ...more } }));
  }
  return answers;
}

async function everythingIn(database: FreshDatabase): Promise<string> {
  await using opened = await openCrmDatabase(database);
  const tables = ['customers', 'admins', 'events', 'leads', 'actions', 'processes'] as const;
  const rows = await Promise.all(tables.map((table) => opened.db.selectFrom(table).selectAll().execute()));
  return JSON.stringify(rows);
}
