import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countHashes } from './count-hashes.ts';
import { anotherAddress, asAdmin, logIn, secretKey } from './log-in.ts';
import { aCustomer, adminPassword, startTestCrm, type TestCrm } from './start.ts';

const password = 'correct horse battery';
const triesMax = 10;

describe('logging in', () => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm('sqlite', { JWT_SECRET_KEY: secretKey });
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const add = async (overrides: Record<string, unknown> = { password }): Promise<string> => {
    const { body } = await call(crm, 'POST /v1/customers', { body: aCustomer(overrides), headers: await asAdmin() });
    return body.email;
  };
  /** Attempts one after another, each from a different address. */
  const tryFromEverywhere = async (tries: object[]) => {
    const statuses: number[] = [];
    for (const credentials of tries) statuses.push((await logIn(crm, credentials)).status);
    return statuses;
  };
  const failTimes = (email: string, count: number) => {
    return tryFromEverywhere(Array(count).fill({ email, password: 'a wrong one' }));
  };
  const failed = (count: number) => Array(count).fill(401);

  it('is limited per address', async () => {
    const address = anotherAddress();
    await Promise.all(Array.from({ length: triesMax }, () => logIn(crm, {}, address)));

    const refused = await logIn(crm, { username: 'admin', password: adminPassword }, address);

    expect(refused.status).toBe(429);
    expect((await logIn(crm, { username: 'admin', password: adminPassword })).status).toBe(200);
  });

  const accounts: [what: string, make: () => Promise<string>][] = [
    ['an account', () => add()],
    ['an account that does not exist', async () => aCustomer()['email'] as string],
  ];
  it.each(accounts)(
    'is rejected for %s after ten failures from ten addresses, but not for other accounts',
    async (_, make) => {
      const email = await make();
      const address = anotherAddress();

      const failures = await failTimes(email, triesMax);
      const { status, headers, body } = await logIn(crm, { email, password }, address);

      expect([...failures, status]).toEqual([...failed(triesMax), 429]);
      const detail = 'Too many failed tries for this account; try again later';
      expect(body).toStrictEqual({
        type: 'about:blank',
        title: 'Too Many Requests',
        status: 429,
        detail,
        error: detail,
      });
      expect((await logIn(crm, { email: `another-${email}`, password }, address)).status).toBe(401);
      expect(headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
    },
  );

  it('counts only failures against an account', async () => {
    const right = { email: await add(), password };

    const successes = await tryFromEverywhere([right, right]);
    const failures = await failTimes(right.email, triesMax);

    expect([...successes, ...failures]).toEqual([200, 200, ...failed(triesMax)]);
    expect(await tryFromEverywhere([right])).toEqual([429]);
  });

  it('counts every spelling of an email, in either field, against one account', async () => {
    const email = await add({ password, email: `zoë-${crypto.randomUUID()}@example.com` });
    const spellings = [email, email.toUpperCase(), email.normalize('NFD'), email.replace('@example', '@Example')];
    const names = spellings.flatMap((name) => [{ email: name }, { username: name }, { username: '', email: name }]);

    const statuses = await tryFromEverywhere(names.map((name) => ({ ...name, password: 'a wrong one' })));

    expect(statuses).toEqual([...failed(triesMax), 429, 429]);
  });

  it('derives one key, whether or not the account exists and has a password', async () => {
    const tries = {
      right: { email: await add(), password },
      wrong: { email: await add(), password: 'a wrong one' },
      'without a password': { email: await add({}), password },
      unknown: { email: aCustomer()['email'], password },
      'unknown and empty': { username: 'nobody', password: '' },
    };
    const derivations: Record<string, number> = {};
    for (const [name, credentials] of Object.entries(tries)) {
      using hashes = countHashes();
      await logIn(crm, credentials);
      derivations[name] = hashes.begun();
    }

    expect(derivations).toEqual({ right: 1, wrong: 1, 'without a password': 1, unknown: 1, 'unknown and empty': 1 });
  });
});
