import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../src/customer.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';

describe.each(databases)('the ETag of an account on %s', (kind) => {
  let crm: CrmWithAdmin;
  let alice: Account;
  /** The current ETag of Alice; `"1"` is an older one. */
  let etag: string;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());
  beforeEach(async () => {
    const { id } = await crm.addAccount();
    const changed = await crm.admin(`PUT /v1/customers/${id}`, { body: { name: 'Alice' } });
    alice = changed.body;
    etag = changed.headers.get('ETag') ?? '';
  });

  const read = (headers = {}) => crm.admin(`GET /v1/customers/${alice.id}`, { headers });
  const rename = (name: string, headers = {}) =>
    crm.admin(`PUT /v1/customers/${alice.id}`, { body: { name }, headers });
  const remove = (headers = {}) => crm.admin(`DELETE /v1/customers/${alice.id}`, { headers });
  const report = (state: 'delivered' | 'failed') =>
    call(crm, 'PUT /customers/integration', { body: { results: [{ customer_id: alice.id, state, attempts: 1 }] } });
  /** Replaces `E` with the current ETag, and `V` with what it has between its quotes. */
  const fill = (header: string) => header.replace('E', etag).replace('V', etag.replaceAll('"', ''));

  it.each([['E'], ['W/E'], ['"V-gzip"'], ['"1", E'], ['"1",W/E,"x"'], ['*'], [' * ']])(
    'answers 304 to If-None-Match: %s',
    async (header) => {
      const { status, headers, body } = await read({ 'If-None-Match': fill(header) });

      expect([status, body, headers.get('ETag')]).toEqual([304, '', etag]);
    },
  );

  it.each([['"1"'], ['W/"1"'], ['"1", "x"'], ['2'], ['"2'], ['""'], ['nonsense']])(
    'answers in full if it differs from If-None-Match: %s',
    async (header) => {
      const { status, headers, body } = await read({ 'If-None-Match': header });

      expect([status, body, headers.get('ETag')]).toEqual([200, alice, etag]);
    },
  );

  it.each([['E'], ['W/E'], ['"V-gzip"'], ['"1", E'], ['W/"1",W/E,"x"'], ['*']])(
    'permits a change with If-Match: %s',
    async (header) => {
      const { status, headers, body } = await rename('Bob', { 'If-Match': fill(header) });

      expect([status, body]).toStrictEqual([200, { ...alice, name: 'Bob' }]);
      expect(headers.get('ETag')).not.toBe(etag);
    },
  );

  it.each([
    ['an older one', '"1"'],
    ['an older one, as a proxy leaves it', 'W/"1-gzip"'],
    ['several others', '"1", "x", W/"1"'],
    ['one without quotes', '2'],
    ['one with half its quotes', '"2'],
    ['an empty one', '""'],
    ['something that is no ETag', 'nonsense'],
  ])('rejects a change and a deletion with If-Match of %s', async (_, header) => {
    const headers = { 'If-Match': fill(header) };

    for (const answer of [await rename('Mallory', headers), await remove(headers)]) {
      expect(answer).toMatchObject({ status: 412, body: { title: 'Precondition Failed' } });
      expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    }
    const after = await read();
    expect([after.body, after.headers.get('ETag')]).toEqual([alice, etag]);
  });

  it('permits a deletion with its value in If-Match', async () => {
    expect(await remove({ 'If-Match': etag })).toMatchObject({ status: 204, body: '' });
    expect(await read()).toMatchObject({ status: 404 });
  });

  it('is checked before anything else that would reject the change', async () => {
    const { email } = await crm.addAccount();

    const answer = await crm.admin(`PUT /v1/customers/${alice.id}`, {
      body: { email },
      headers: { 'If-Match': '"1"' },
    });

    expect(answer.status).toBe(412);
  });

  it('permits exactly one of many concurrent changes of one version', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `Alice ${index}`);

    const answers = await Promise.all(names.map((name) => rename(name, { 'If-Match': etag })));

    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
    const after = await read();
    expect([after.body, after.headers.get('ETag')]).toEqual([won[0]?.body, won[0]?.headers.get('ETag')]);
  });

  it('permits exactly one of a concurrent change and deletion', async () => {
    const headers = { 'If-Match': etag };

    const [changed, removed] = await Promise.all([rename('Bob', headers), remove(headers)]);

    const { status } = await read();
    expect([changed.status, removed.status, status]).toEqual(
      changed.status === 200 ? [200, 412, 200] : [404, 204, 404],
    );
  });

  it('is new after each change and never repeats', async () => {
    const seen = ['"1"', etag];
    const steps = [
      () => rename('Bob'),
      () => rename('Alice'),
      () => report('failed'),
      () => report('delivered'),
      () => crm.admin(`PUT /v1/customers/${alice.id}`, { body: { password: 'twelve chars' } }),
      async () => {
        await remove();
        await crm.admin(`POST /v1/customers/${alice.id}/restore`);
      },
    ];
    for (const step of steps) {
      await step();
      seen.push((await read()).headers.get('ETag') ?? '');
    }

    expect(new Set(seen).size).toBe(steps.length + 2);
    for (const old of seen.slice(0, -1)) expect((await rename('Mallory', { 'If-Match': old })).status).toBe(412);
  });

  it('stays the same when a failure is reported after the delivery', async () => {
    await report('delivered');
    const before = (await read()).headers.get('ETag');

    await report('failed');

    expect((await read()).headers.get('ETag')).toBe(before);
  });
});
