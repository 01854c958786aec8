import type { Clock } from '@doorstep/kit/clock.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { rememberAddress } from '../src/commands/remember-address.ts';
import { isKnownAddress } from '../src/queries/is-known-address.ts';
import { aContext } from './a-context.ts';
import { anotherAddress, asAdmin, bearer, logIn, secretKey } from './log-in.ts';
import { aCustomer, adminPassword, databaseWithAdmin, openCrmDatabase, startCrmOn, startTestCrm } from './start.ts';

const admin = { username: 'admin', password: adminPassword };
const guess = { username: 'admin', password: 'a wrong one' };
const dayMs = 24 * 60 * 60 * 1000;

const failTimes = async (crm: { url: string }, count: number, address?: string) => {
  const tries = Array.from({ length: count }, () => logIn(crm, guess, address));
  return (await Promise.all(tries)).map(({ status }) => status);
};

describe.each(databases)('an address on %s from which the admin has logged in', (kind) => {
  it('lets her in while others use up the failed tries of a minute', async () => {
    await using crm = await startTestCrm(kind);
    const home = anotherAddress();
    await logIn(crm, admin, home);

    const failures = await failTimes(crm, 10);

    const [again, elsewhere] = [await logIn(crm, admin, home), await logIn(crm, admin)];
    expect(failures).toEqual(Array(10).fill(401));
    expect([again.status, elsewhere.status]).toEqual([200, 429]);
  });

  it('does so after a restart, and in another process of the CRM', async () => {
    await using database = await databaseWithAdmin(kind);
    const environment = { JWT_SECRET_KEY: secretKey };
    const home = anotherAddress();
    await (async () => {
      await using crm = await startCrmOn(database, environment);
      await logIn(crm, admin, home);
    })();
    await using crm = await startCrmOn(database, environment);
    await failTimes(crm, 10);

    expect((await logIn(crm, admin, home)).status).toBe(200);
    expect((await logIn(crm, admin)).status).toBe(429);
  });

  it('does so for a customer, who can change her password meanwhile too', async () => {
    await using crm = await startTestCrm(kind, { JWT_SECRET_KEY: secretKey });
    const password = 'the first long password';
    const account = aCustomer({ password });
    const { body: alice } = await call(crm, 'POST /v1/customers', { body: account, headers: await asAdmin() });
    const right = { email: account.email, password };
    // the address from which `call` comes
    const { body } = await logIn(crm, right, '127.0.0.1');
    const change = (current_password: unknown) =>
      call(crm, `PUT /v1/customers/${alice.id}`, {
        body: { password: 'the second long password', current_password },
        headers: bearer(body.access_token),
      });

    await Promise.all(Array.from({ length: 10 }, () => logIn(crm, { ...right, password: 'a wrong one' })));

    expect((await logIn(crm, right)).status).toBe(429);
    expect((await logIn(crm, right, '127.0.0.1')).status).toBe(200);
    expect((await change(password)).status).toBe(200);
  });

  it('has a limit of its own', async () => {
    await using crm = await startTestCrm(kind);
    const home = anotherAddress();
    await logIn(crm, admin, home);

    const failures = await failTimes(crm, 9, home);

    expect(failures).toEqual(Array(9).fill(401));
    expect((await logIn(crm, admin, home)).status).toBe(429); // the address has had its ten tries
    expect((await logIn(crm, admin)).status).toBe(200);
  });

  it('is not known for a failed login, nor for another account', async () => {
    await using crm = await startTestCrm(kind);
    const [home, elsewhere] = [anotherAddress(), anotherAddress()];
    await logIn(crm, admin, home);
    await logIn(crm, guess, elsewhere);
    await using opened = await openCrmDatabase(crm.database);

    expect(await opened.db.selectFrom('login_addresses').selectAll().execute()).toHaveLength(1);
    await Promise.all(Array.from({ length: 10 }, () => logIn(crm, { username: 'root', password: 'x' })));
    expect((await logIn(crm, { username: 'root', password: 'x' }, home)).status).toBe(429);
  });
});

describe.each(databases)('the known addresses on %s', (kind) => {
  /** A context whose clock the test sets. */
  const startAt = async () => {
    await using resources = new AsyncDisposableStack();
    const database = resources.use(await openCrmDatabase(resources.use(await databaseWithAdmin(kind))));
    let nowMs = Date.parse('2026-01-31T12:00:00.000Z');
    const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
    const context = aContext(database, { clock });
    const owned = resources.move();
    return {
      context,
      remember: (address: string, account = 'admin') => rememberAddress(context, { account, address }),
      isKnown: (address: string, account = 'admin') => isKnownAddress(context, { account, address }),
      rows: () => database.db.selectFrom('login_addresses').selectAll().orderBy('last_at').execute(),
      later: (ms: number) => {
        nowMs += ms;
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  };

  it('are the last eight of each account', async () => {
    await using known = await startAt();
    await known.remember('192.0.2.1', 'alice@example.com');
    for (let host = 1; host <= 10; host += 1) {
      known.later(1000);
      await known.remember(`198.51.100.${host}`);
    }

    expect(await known.rows()).toHaveLength(9);
    expect([await known.isKnown('198.51.100.2'), await known.isKnown('198.51.100.3')]).toEqual([false, true]);
    expect(await known.isKnown('192.0.2.1', 'alice@example.com')).toBe(true);
    expect(await known.isKnown('192.0.2.1')).toBe(false);
  });

  it('are forgotten 90 days after the last login', async () => {
    await using known = await startAt();
    await known.remember('198.51.100.1');
    await known.remember('198.51.100.2');
    known.later(50 * dayMs);
    await known.remember('198.51.100.2');
    known.later(40 * dayMs);

    expect([await known.isKnown('198.51.100.1'), await known.isKnown('198.51.100.2')]).toEqual([false, true]);
    await known.remember('198.51.100.3');
    known.later(1);
    await known.remember('198.51.100.4');
    expect(await known.rows()).toHaveLength(3);
  });

  it('are written at most once a day', async () => {
    await using known = await startAt();
    await known.remember('198.51.100.1');
    const before = await known.rows();
    known.later(dayMs - 1);
    await known.remember('198.51.100.1');
    const same = await known.rows();
    known.later(1);
    await known.remember('198.51.100.1');

    expect(same).toEqual(before);
    expect(await known.rows()).not.toEqual(before);
  });

  it('are stored as hashes that nobody can reverse without the key', async () => {
    await using known = await startAt();
    await known.remember('198.51.100.1');

    const [row] = await known.rows();

    expect(row).toMatchObject({
      account: expect.stringMatching(/^[\w-]{43}$/),
      address: expect.stringMatching(/^[\w-]{43}$/),
    });
    const other = aContext(known.context, { loginAddressKey: Buffer.alloc(32), clock: known.context.clock });
    expect(await isKnownAddress(other, { account: 'admin', address: '198.51.100.1' })).toBe(false);
  });

  it('are no reason to refuse a login while the database takes no writes', async () => {
    await using known = await startAt();
    const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
    for (const error of [full, new AppError('unavailable', 'Too many writes are waiting for the database')]) {
      const context = { ...known.context, write: Object.assign(() => Promise.reject(error), known.context.write) };
      await rememberAddress(context, { account: 'admin', address: '198.51.100.1' });
    }
    expect(await known.rows()).toEqual([]);
  });
});
