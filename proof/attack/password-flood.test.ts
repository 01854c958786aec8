import { adminKey, adminOf } from '@doorstep/crm/test/an-admin.ts';
import { countHashes } from '@doorstep/crm/test/count-hashes.ts';
import { anotherAddress, bearer, logIn } from '@doorstep/crm/test/log-in.ts';
import { aCustomer, adminPassword, startTestCrm } from '@doorstep/crm/test/start.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { describe, expect, it, vi } from 'vitest';

const password = 'the first long password';

async function startCrm() {
  const crm = await startTestCrm('sqlite', adminKey);
  return { ...crm, ...(await adminOf(crm)) };
}

/** The number of answers of each status. */
function counted(answers: { status: number }[]): Record<number, number> {
  return Object.fromEntries(
    [...Map.groupBy(answers, ({ status }) => status)].map(([status, all]) => [status, all.length]),
  );
}

describe('400 logins from 400 addresses', () => {
  it('hash two passwords at once, refuse what is too much, and hold up nobody else', async () => {
    await using crm = await startCrm();
    const home = anotherAddress();
    await logIn(crm, { username: 'admin', password: adminPassword }, home);
    using hashes = countHashes();
    const isUnderWay = hashes.next();
    // each refusal is an error in the log
    using _quiet = vi.spyOn(process.stdout, 'write').mockReturnValue(true);

    const flood = Array.from({ length: 400 }, (_, index) => logIn(crm, { username: `somebody ${index}`, password }));
    await isUnderWay;
    const [list, alive, admin] = await Promise.all([
      crm.admin('GET /v1/customers'),
      call(crm, 'GET /livez'),
      logIn(crm, { username: 'admin', password: adminPassword }, home),
    ]);
    const answers = await Promise.all(flood);

    expect([list.status, alive.status, admin.status]).toEqual([200, 200, 200]);
    const { 401: failed = 0, 503: refused = 0, ...others } = counted(answers);
    expect([failed + refused, others]).toEqual([400, {}]);
    expect(refused).toBeGreaterThan(100);
    expect(hashes.most()).toBe(2);
    for (const { status, headers } of answers) if (status === 503) expect(headers['retry-after']).toBe('2');
  });
});

describe("660 changes with a customer's token", () => {
  it.each([
    ['of an outdated version', { 'If-Match': '"999999"' }, 412, 0],
    ['with wrong guesses of the password', {}, 401, 10],
  ])('%s are limited to ten a minute', async (_, headers, refusal, hashed) => {
    await using crm = await startCrm();
    const account = aCustomer({ password });
    const { id } = await crm.addAccount(account);
    const { body } = await logIn(crm, { email: account.email, password });
    const token = bearer(body.access_token);
    using hashes = countHashes();

    const change = { password: 'the password of a thief', current_password: 'a wrong guess' };
    const changes = Array.from({ length: 660 }, () =>
      call(crm, `PUT /v1/customers/${id}`, { body: change, headers: { ...token, ...headers } }),
    );
    const list = await crm.admin('GET /v1/customers');

    expect(counted(await Promise.all(changes))).toEqual({ [refusal]: 10, 429: 650 });
    expect(list.status).toBe(200);
    expect(hashes.begun()).toBe(hashed);
  });
});
