import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Customer } from '../src/customer.ts';
import { addCustomer, readFeed, startTestCrm, type TestCrm } from './start.ts';

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe.each(databases)('a report of package states on %s', (kind) => {
  let crm: TestCrm;
  let alice: Customer;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());
  beforeEach(async () => {
    alice = await addCustomer(crm);
  });

  const report = (...results: unknown[]) => call(crm, 'PUT /customers/integration', { body: { results } });
  const current = async ({ id } = alice): Promise<Customer> => (await call(crm, `GET /customers/${id}`)).body;
  const delivered = (overrides: object = {}) => {
    return { customer_id: alice.id, state: 'delivered', package_id: 7, attempts: 1, ...overrides };
  };
  const failed = (overrides: object = {}) => {
    return { customer_id: alice.id, state: 'failed', attempts: 9, error: 'Inventory answered 422', ...overrides };
  };

  it('marks the customer as delivered', async () => {
    const answer = await report(delivered({ attempts: 3 }));

    expect(answer).toMatchObject({ status: 204, body: '' });
    expect(await current()).toStrictEqual({
      ...alice,
      integration_status: 'Package request created successfully',
      integration: { state: 'delivered', package_id: 7, attempts: 3, error: null, updated_at: isoTime },
    });
  });

  it('shows on the customer why the package failed', async () => {
    await report(failed());

    expect(await current()).toStrictEqual({
      ...alice,
      integration_status: 'Package request failed: Inventory answered 422',
      integration: {
        state: 'failed',
        package_id: null,
        attempts: 9,
        error: 'Inventory answered 422',
        updated_at: isoTime,
      },
    });
    expect(await readFeed(crm, alice.id - 1)).toEqual([await current()]);
  });

  it('shows how it went so far while the customer waits, until there is a result', async () => {
    const waiting = (attempts: number) => ({ ...failed({ attempts }), state: 'pending' });
    await report(waiting(1));
    await report(waiting(4), waiting(3));

    expect(await current()).toMatchObject({
      integration_status: 'pending',
      integration: { state: 'pending', package_id: null, attempts: 3, error: 'Inventory answered 422' },
    });

    for (const result of [failed(), delivered()]) {
      await report(result, waiting(5));
      await report(waiting(6));
      expect((await current()).integration).toMatchObject({ state: result.state, attempts: result.attempts });
    }
  });

  it('may omit the reason for a failure', async () => {
    await report(failed({ error: null }));

    expect(await current()).toMatchObject({
      integration_status: 'Package request failed: no reason given',
      integration: { state: 'failed', error: null },
    });
  });

  it('accepts text package ids of other Inventories', async () => {
    const bob = await addCustomer(crm);

    await report(delivered({ package_id: 'pkg_01J"ü' }), delivered({ customer_id: bob.id, package_id: '7' }));

    expect((await current()).integration.package_id).toBe('pkg_01J"ü');
    expect((await current(bob)).integration.package_id).toBe('7');
  });

  it('keeps a package id beyond 2^53 digit by digit', async () => {
    const body = JSON.stringify({ results: [delivered({ package_id: 0 })] }).replace(':0,', ':7615917337495251231,');
    const answer = await call(crm, 'PUT /customers/integration', { body });
    expect(answer.status).toBe(204);
    expect((await current()).integration.package_id).toBe('7615917337495251231');
  });

  it('of a failure never undoes a delivery', async () => {
    await report(delivered());
    const before = await current();

    expect(await report(failed())).toMatchObject({ status: 204 });

    expect(await current()).toEqual(before);
  });

  it('of a delivery replaces a failure', async () => {
    await report(failed());
    await report(delivered({ attempts: 10 }));

    expect(await current()).toMatchObject({
      integration_status: 'Package request created successfully',
      integration: { state: 'delivered', package_id: 7, attempts: 10, error: null },
    });
  });

  it('can be repeated safely', async () => {
    await report(delivered());
    await report(delivered());

    expect((await current()).integration).toMatchObject({ state: 'delivered', package_id: 7, attempts: 1 });
  });

  it('ignores unknown customers and stores the others', async () => {
    const unknown = [999_999_999, Number.MAX_SAFE_INTEGER].map((customer_id) => delivered({ customer_id }));

    const { status } = await report(...unknown, delivered());

    expect(status).toBe(204);
    expect((await current()).integration.state).toBe('delivered');
  });

  it('may be empty', async () => {
    expect(await report()).toMatchObject({ status: 204 });
  });

  it('may contain 500 customers with long reasons', async () => {
    const results = Array.from({ length: 499 }, (_, index) => failed({ customer_id: 10_000_000 + index }));
    const long = results.map((result) => ({ ...result, error: 'é'.repeat(900) }));

    const { status } = await report(...long, failed({ error: 'x'.repeat(1000) }));

    expect(status).toBe(204);
    expect((await current()).integration.error).toBe('x'.repeat(1000));
  });

  const result = { customer_id: 1, state: 'failed', attempts: 1 };
  const refused: [what: string, results: unknown, detail: string][] = [
    ['501 results', Array(501).fill(result), 'results must be at most 500 entries long'],
    ['nothing', undefined, 'Missing required fields: results'],
    ['something other than a list', result, 'results must be an array'],
    ['a list of texts', ['1'], 'results.0 must be an object'],
    ['another state', [{ ...result, state: 'dead' }], 'results.0.state must be one of pending, delivered, failed'],
    ['no customer', [{ ...result, customer_id: undefined }], 'Missing required fields: results.0.customer_id'],
    ['a text for a customer', [{ ...result, customer_id: '1' }], 'results.0.customer_id must be a positive integer'],
    ['no attempts', [{ ...result, attempts: null }], 'Missing required fields: results.0.attempts'],
    ['attempts below zero', [{ ...result, attempts: -1 }], 'results.0.attempts must be at least 0'],
    ['2^31 attempts', [{ ...result, attempts: 2 ** 31 }], 'results.0.attempts must be at most 2147483647'],
    ['a NUL', [{ ...result, error: 'a\0b' }], 'results.0.error must not contain NUL or unpaired surrogates'],
    ['1001 letters', [{ ...result, error: 'x'.repeat(1001) }], 'results.0.error must be at most 1000 characters long'],
  ];
  it.each(refused)('is rejected with %s', async (_, results, detail) => {
    const answer = await call(crm, 'PUT /customers/integration', { body: { results } });

    expect(answer).toMatchObject({ status: 400, body: { title: 'Bad Request', detail, error: detail } });
  });

  it.each([[[]], [{}], [0], [-(2 ** 60)], [1.5], [''], ['x'.repeat(201)], [true]])(
    'is rejected with %j as a package id',
    async (package_id) => {
      const { status, body } = await report(delivered({ package_id }));

      expect([status, body.errors[0].field]).toEqual([400, 'results.0.package_id']);
      expect(await current()).toEqual(alice);
    },
  );

  it('is rejected as a whole if one result is invalid', async () => {
    const { status, body } = await report(delivered(), failed({ state: 'lost' }));

    expect([status, body.errors[0].field]).toEqual([400, 'results.1.state']);
    expect(await current()).toEqual(alice);
  });

  it('is rejected if it is larger than 1 MB', async () => {
    expect(await report(failed({ error: 'x'.repeat(1024 * 1024) }))).toMatchObject({ status: 413 });
  });
});
