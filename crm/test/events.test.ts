import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, fieldsOf } from '../src/customer.ts';
import type { CustomerEvent } from '../src/event.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { type Spoiled, spoilEvents } from './spoil-events.ts';
import { aCustomer, addCustomer, openCrmDatabase } from './start.ts';

const password = 'a password that nobody may read';

describe.each(databases)('on %s', (kind) => {
  let crm: CrmWithAdmin;
  let somebody: Account;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
    somebody = await crm.addAccount();
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const listEvents = async (after: number): Promise<CustomerEvent[]> =>
    (await crm.admin(`GET /v1/events?after=${after}`)).body;

  /** The events that `run` writes. */
  const eventsOf = async (run: () => Promise<unknown>) => {
    const before = await listEvents(0);
    await run();
    return listEvents(before.at(-1)?.id ?? 0);
  };

  const newEmail = () => aCustomer().email;
  const put = (id: number, body: object, headers = {}) => crm.admin(`PUT /v1/customers/${id}`, { body, headers });
  const remove = (id: number, headers = {}) => crm.admin(`DELETE /v1/customers/${id}`, { headers });
  const restore = (id: number) => crm.admin(`POST /v1/customers/${id}/restore`);
  const aDeletedCustomer = async (overrides = {}) => {
    const account = await crm.addAccount(overrides);
    await remove(account.id);
    return account;
  };

  describe('one event is written', () => {
    it.each(['/customers', '/v1/customers'])('by POST %s, with the new customer', async (path) => {
      const body = aCustomer({ name: 'Zoë 🎉', password });
      let added: Answer | undefined;

      const events = await eventsOf(async () => {
        added = await crm.admin(`POST ${path}`, { body });
      });

      const { id, created_at } = added?.body ?? {};
      const data = { id, ...fieldsOf(added?.body), created_at, deleted_at: null };
      expect(events).toStrictEqual([
        {
          id: expect.any(Number),
          type: 'CustomerCreated',
          customer_id: id,
          time: created_at,
          data,
          published_at: null,
        },
      ]);
    });

    const changes: [what: string, change: object, changed: string[]][] = [
      ['the name', { name: 'Another Name' }, ['name']],
      ['the email', { email: newEmail() }, ['email']],
      ['the case of the email', { email: 'ALICE.case@example.com' }, ['email']],
      ['the password', { password: `another ${password}` }, ['password']],
      ['everything', { name: 'New', email: newEmail(), password }, ['name', 'email', 'password']],
      ['one field and repeats another', { name: 'Alice Example', email: newEmail() }, ['email']],
    ];
    it.each(changes)('by a PUT that changes %s, with the changed customer', async (what, change, changed) => {
      const email = what === 'the case of the email' ? 'alice.case@example.com' : newEmail();
      const account = await crm.addAccount({ email });
      let answer: Answer | undefined;

      const events = await eventsOf(async () => {
        answer = await put(account.id, change);
      });

      const { id, name, email: present, created_at } = answer?.body ?? {};
      expect({ name, email: present, password }).toMatchObject({ ...change, password });
      const data = { id, name, email: present, created_at, deleted_at: null, changed };
      expect(events).toMatchObject([{ type: 'CustomerUpdated', customer_id: account.id, data }]);
    });

    it('by a DELETE, with the time of the deletion', async () => {
      const { id, name, email, created_at } = await crm.addAccount();

      const [event, ...others] = await eventsOf(() => remove(id));

      const data = { id, name, email, created_at, deleted_at: event?.time };
      expect(others).toEqual([]);
      expect(event).toMatchObject({ type: 'CustomerDeleted', customer_id: id, data });
      const { body } = await crm.admin(`GET /v1/customers?include_deleted=true&search=${email}`);
      expect(body.items).toMatchObject([{ deleted_at: event?.time }]);
    });

    it('by a restore, with deleted_at as the changed field', async () => {
      const { id, name, email, created_at } = await aDeletedCustomer();

      const events = await eventsOf(() => restore(id));

      const data = { id, name, email, created_at, deleted_at: null, changed: ['deleted_at'] };
      expect(events).toMatchObject([{ type: 'CustomerUpdated', customer_id: id, data }]);
    });

    it('by each of 100 concurrent creates, in the order in which the customers became visible', async () => {
      const events = await eventsOf(() => Promise.all(Array.from({ length: 100 }, () => addCustomer(crm))));

      expect(events.map(({ type }) => type)).toEqual(Array(100).fill('CustomerCreated'));
      const customerIds = events.map(({ customer_id }) => customer_id);
      expect(customerIds).toEqual([...new Set(customerIds)].sort((a, b) => a - b));
      const ids = events.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    });

    it('by only one of two concurrent creates, or PUTs, of one email', async () => {
      const body = aCustomer();
      const [one, other] = [await crm.addAccount(), await crm.addAccount()];
      const change = { email: newEmail() };
      const answers: Answer[] = [];
      const both = async (request: () => Promise<Answer>[]) => answers.push(...(await Promise.all(request())));

      const events = await eventsOf(async () => {
        await both(() => [crm.admin('POST /v1/customers', { body }), crm.admin('POST /v1/customers', { body })]);
        await both(() => [put(one.id, change), put(other.id, change)]);
      });

      expect(answers.map(({ status }) => status).sort()).toEqual([200, 201, 409, 409]);
      expect(events.map(({ type }) => type)).toEqual(['CustomerCreated', 'CustomerUpdated']);
    });
  });

  describe('no event is written', () => {
    const unchanged: [what: string, run: (account: Account) => Promise<Answer>][] = [
      ['a PUT of nothing', ({ id }) => put(id, {})],
      ['a PUT of the stored values', ({ id, name, email }) => put(id, { name, email })],
      ['a PUT of the stored values with surrounding spaces', ({ id, name }) => put(id, { name: ` ${name} ` })],
      ['a restore of a customer that is not deleted', ({ id }) => restore(id)],
    ];
    it.each(unchanged)('by %s', async (_, run) => {
      const account = await crm.addAccount();

      const events = await eventsOf(async () => expect((await run(account)).status).toBe(200));

      expect(events).toEqual([]);
    });

    const refused: [status: number, what: string, run: (account: Account) => Promise<Answer>][] = [
      [409, 'a create with a taken email', ({ email }) => call(crm, 'POST /customers', { body: aCustomer({ email }) })],
      [409, 'a PUT of a taken email', ({ id }) => put(id, { email: somebody.email })],
      [412, 'a PUT of another version', ({ id }) => put(id, { name: 'Late' }, { 'If-Match': '"9"' })],
      [412, 'a DELETE of another version', ({ id }) => remove(id, { 'If-Match': '"9"' })],
      [400, 'a create without an email', () => call(crm, 'POST /customers', { body: { name: 'Nobody' } })],
      [400, 'a PUT of a short password', ({ id }) => put(id, { name: 'New', password: 'short' })],
      [404, 'a PUT of an unknown customer', () => put(4_711_000, { name: 'Nobody' })],
      [404, 'a DELETE of an unknown customer', () => remove(4_711_000)],
      [404, 'a restore of an unknown customer', () => restore(4_711_000)],
    ];
    it.each(refused)('with the answer %i to %s', async (status, _, run) => {
      const account = await crm.addAccount();

      const events = await eventsOf(async () => expect((await run(account)).status).toBe(status));

      expect(events).toEqual([]);
    });

    it('by changing or deleting a deleted customer, or restoring one whose email is taken', async () => {
      const { id, email } = await aDeletedCustomer();
      await crm.addAccount({ email });

      const events = await eventsOf(async () => {
        const answers = [await put(id, { name: 'Late' }), await remove(id), await restore(id)];
        expect(answers.map(({ status }) => status)).toEqual([404, 404, 409]);
      });

      expect(events).toEqual([]);
    });

    const spoiled: Spoiled[] = ['the writing of its event', 'the commit'];
    it.each(spoiled)('by a change that is rolled back because %s fails', async (what) => {
      const [live, deleted] = [await crm.addAccount(), await aDeletedCustomer()];
      const email = newEmail();

      const events = await eventsOf(async () => {
        await using _ = await spoilEvents(crm.database, what);
        const answers = [
          await crm.admin('POST /v1/customers', { body: aCustomer({ email }) }),
          await put(live.id, { name: 'Late' }),
          await remove(live.id),
          await restore(deleted.id),
        ];
        expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500]);
      });

      expect(events).toEqual([]);
      expect((await crm.admin(`GET /v1/customers/${live.id}`)).body).toStrictEqual(live);
      expect((await crm.admin(`GET /v1/customers/${deleted.id}`)).status).toBe(404);
      expect((await crm.admin(`GET /v1/customers?search=${email}`)).body.total).toBe(0);
    });
  });

  it('events contain neither a password nor its hash', async () => {
    const { id } = await crm.addAccount({ password });
    await put(id, { password: `another ${password}` });
    await remove(id);
    await restore(id);

    await using database = await openCrmDatabase(crm.database);
    const rows = await database.db.selectFrom('events').selectAll().where('customer_id', '=', id).execute();
    expect(rows).toHaveLength(4);
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`${password}|argon2|hash`));
  });

  it('events are listed page by page, in order, with a link to the next', async () => {
    const [first, second, third] = await eventsOf(() => Promise.all([1, 2, 3].map(() => addCustomer(crm))));
    const after = Number(first?.id) - 1;

    const page = await crm.admin(`GET /v1/events?after=${after}&limit=2`);

    expect(page.body).toStrictEqual([first, second]);
    const [, next] = /<(.+)>; rel="next"/.exec(page.headers.get('Link') ?? '') ?? [];
    expect(next).toBe(`/v1/events?after=${second?.id}&limit=2`);
    const rest = await crm.admin(`GET ${next}`);
    expect([rest.body, rest.headers.get('Link')]).toStrictEqual([[third], null]);
  });
});
