import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Account } from '../src/customer.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { aCustomer, readFeed } from './start.ts';

const taken = 'A customer with this email already exists';
const notFound = { status: 404, body: { title: 'Not Found', detail: 'Customer not found' } };

describe.each(databases)('an account on %s', (kind) => {
  let crm: CrmWithAdmin;
  let alice: Account;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());
  beforeEach(async () => {
    alice = await crm.addAccount();
  });

  const remove = ({ id } = alice) => crm.admin(`DELETE /v1/customers/${id}`);
  const restore = (id: number | string = alice.id) => crm.admin(`POST /v1/customers/${id}/restore`);
  const post = (email: string, headers = {}) => call(crm, 'POST /customers', { body: aCustomer({ email }), headers });
  const report = (result: object) =>
    call(crm, 'PUT /customers/integration', { body: { results: [{ customer_id: alice.id, attempts: 1, ...result }] } });
  const find = async (query = '') => (await crm.admin(`GET /v1/customers?search=${alice.email}${query}`)).body;
  /** The ids in the feed after this one, read in pages of two. */
  const feedIds = async (after: number): Promise<number[]> => {
    const { body, headers } = await call(crm, `GET /customers?after=${after}&limit=2`);
    const ids: number[] = body.map(({ id }: Account) => id);
    return headers.has('Link') ? [...ids, ...(await feedIds(ids.at(-1) ?? 0))] : ids;
  };

  it('disappears from every list, the feed and its own routes when deleted', async () => {
    expect(await remove()).toMatchObject({ status: 204, body: '' });

    expect(await call(crm, `GET /customers/${alice.id}`)).toMatchObject(notFound);
    expect(await crm.admin(`GET /v1/customers/${alice.id}`)).toMatchObject(notFound);
    expect(await readFeed(crm, alice.id - 1)).toEqual([]);
    expect(await find()).toMatchObject({ items: [], total: 0, pages: 0 });
  });

  it('cannot be changed or deleted again once it is deleted', async () => {
    await remove();

    expect(await remove()).toMatchObject(notFound);
    expect(await crm.admin(`PUT /v1/customers/${alice.id}`, { body: { name: 'Bob' } })).toMatchObject(notFound);
    expect(await find('&include_deleted=true')).toMatchObject({ items: [{ name: alice.name }] });
  });

  it('is still listed with include_deleted once it is deleted', async () => {
    const before = Date.now();
    await remove();

    const { items, total } = await find('&include_deleted=true');

    expect([items, total]).toStrictEqual([[{ ...alice, deleted_at: expect.any(String) }], 1]);
    expect(items[0].deleted_at).toBe(new Date(items[0].deleted_at).toISOString());
    expect(Date.parse(items[0].deleted_at)).toBeGreaterThanOrEqual(before);
  });

  it('does not disturb the id order and pages of the others when deleted', async () => {
    const others = [await crm.addAccount(), await crm.addAccount(), await crm.addAccount(), await crm.addAccount()];
    const [first, second, third, fourth] = others.map(({ id }) => id);
    await remove();
    await remove(others[1]);

    expect(await feedIds(alice.id - 1)).toEqual([first, third, fourth]);
    await restore(second);
    expect(await feedIds(alice.id - 1)).toEqual([first, second, third, fourth]);
  });

  it('is deleted once by many concurrent requests', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => remove()));

    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(9).fill(404)]);
  });

  it('frees its email, when deleted, for exactly one of many concurrent requests', async () => {
    await remove();

    const answers = await Promise.all([post(alice.email), post(alice.email.toUpperCase())]);

    const [created, refused] = answers.sort((a, b) => a.status - b.status);
    expect([created?.status, refused?.status]).toEqual([201, 409]);
    expect(refused?.body.existing_id).toBe(created?.body.id);
    expect(created?.body.id).toBeGreaterThan(alice.id);
  });

  it('is the same everywhere after a restore', async () => {
    await remove();

    const { status, headers, body } = await restore();

    expect([status, body]).toStrictEqual([200, alice]);
    const read = await crm.admin(`GET /v1/customers/${alice.id}`);
    expect([read.body, read.headers.get('ETag')]).toEqual([alice, headers.get('ETag')]);
    expect(await readFeed(crm, alice.id - 1)).toMatchObject([{ id: alice.id, email: alice.email }]);
    expect(await find()).toMatchObject({ items: [alice], total: 1 });
    expect(await post(alice.email)).toMatchObject({ status: 409, body: { existing_id: alice.id } });
  });

  it('does not change when it is restored without being deleted', async () => {
    await remove();
    const first = await restore();

    const second = await restore();

    expect([second.status, second.body]).toStrictEqual([200, first.body]);
    expect(second.headers.get('ETag')).toBe(first.headers.get('ETag'));
  });

  it('is not restored while another customer has its email', async () => {
    await remove();
    const { id: existing_id } = (await post(alice.email.toUpperCase())).body;

    const refused = await restore();

    const body = { title: 'Conflict', detail: taken, error: taken, existing_id };
    expect(refused).toMatchObject({ status: 409, body });
    expect(await call(crm, `GET /customers/${alice.id}`)).toMatchObject(notFound);
    await crm.admin(`DELETE /v1/customers/${existing_id}`);
    expect(await restore()).toMatchObject({ status: 200, body: alice });
  });

  it('is the only one restored when many deleted accounts of one email are restored at once', async () => {
    const twins = [alice];
    for (let count = 1; count < 5; count += 1) {
      await remove(twins.at(-1));
      twins.push(await crm.addAccount({ email: alice.email }));
    }
    await remove(twins.at(-1));

    const answers = await Promise.all(twins.map(({ id }) => restore(id)));

    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    const losers = answers.filter(({ status }) => status === 409);
    expect(losers.map(({ body }) => body.existing_id)).toEqual(Array(4).fill(winner?.body.id));
    expect(await find()).toMatchObject({ total: 1 });
    expect(await find('&include_deleted=true')).toMatchObject({ total: 5 });
  });

  it.each(['999999999', '9007199254740993', '99999999999999999999999'])(
    'with the unknown id %s is neither deleted nor restored',
    async (id) => {
      expect(await crm.admin(`DELETE /v1/customers/${id}`)).toMatchObject(notFound);
      expect(await restore(id)).toMatchObject(notFound);
    },
  );

  it.each(['0', '-1', '1.5', 'abc', '01'])('cannot be deleted or restored with the id %s', async (id) => {
    const bad = { status: 400, body: { detail: 'id must be a positive integer' } };

    expect(await crm.admin(`DELETE /v1/customers/${id}`)).toMatchObject(bad);
    expect(await restore(id)).toMatchObject(bad);
  });

  it('stores the state of its package even after it is deleted', async () => {
    await remove();

    expect(await report({ state: 'delivered', package_id: 7 })).toMatchObject({ status: 204 });

    expect((await restore()).body).toMatchObject({ integration: { state: 'delivered', package_id: 7 } });
  });

  it('does not hold back the answer to its creation when it is deleted meanwhile', async () => {
    const email = `waited-${alice.email}`;
    using _ = waitsWithoutEnd();
    const answer = post(email, { Prefer: 'wait=30' });
    const [added] = await eventually(async () => {
      const customers = await readFeed(crm, alice.id);
      return customers.length > 0 && customers;
    });

    await crm.admin(`DELETE /v1/customers/${added?.id}`);

    expect(await answer).toMatchObject({ status: 201, body: { id: added?.id, email, integration_status: 'pending' } });
    expect(await call(crm, `GET /customers/${added?.id}`)).toMatchObject(notFound);
  });
});

/** Until it is disposed of, a wait of 30 s in this process does not end by itself. */
function waitsWithoutEnd(): Disposable {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const never = new AbortController().signal;
  return vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => (ms === 30_000 ? never : timeout(ms)));
}
