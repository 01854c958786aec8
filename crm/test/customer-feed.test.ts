import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchKey } from '../src/customer.ts';
import { insertCustomers } from '../src/db/customers.ts';
import { aCustomer, addCustomer, openCrmDatabase, readFeed, startTestCrm, type TestCrm } from './start.ts';

describe.each(databases)('the feed of customers on %s', (kind) => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it('returns customers in id order, page by page, until there is no next link', async () => {
    const { id: before } = await addCustomer(crm);
    const added = [await addCustomer(crm), await addCustomer(crm), await addCustomer(crm)];
    const [first, second] = added.map(({ id }) => id);

    const pages = [await call(crm, `GET /customers?after=${before}&limit=2`)];
    const next = /^<(.+)>; rel="next"$/.exec(pages[0]?.headers.get('Link') ?? '')?.[1];
    pages.push(await call(crm, `GET ${next}`));

    expect(next).toBe(`/customers?after=${second}&limit=2`);
    expect(pages.map(({ status, body }) => [status, body])).toEqual([
      [200, added.slice(0, 2)],
      [200, added.slice(2)],
    ]);
    expect(pages[1]?.headers.has('Link')).toBe(false);
    expect(first).toBeGreaterThan(before);
  });

  it('has no next link when the last page is exactly full', async () => {
    const { id: before } = await addCustomer(crm);
    const added = [await addCustomer(crm), await addCustomer(crm)];

    const { body, headers } = await call(crm, `GET /customers?after=${before}&limit=2`);

    expect(body).toEqual(added);
    expect(headers.has('Link')).toBe(false);
  });

  it('is empty past the last customer', async () => {
    const { status, body } = await call(crm, `GET /customers?after=${Number.MAX_SAFE_INTEGER}`);

    expect([status, body]).toEqual([200, []]);
  });

  it('returns a thousand at most and by default', async () => {
    await using own = await startTestCrm(kind);
    await using database = await openCrmDatabase(own.database);
    await database.db
      .insertInto('customers')
      .values(Array.from({ length: 1001 }, aRow))
      .execute();

    const unasked = await call(own, 'GET /customers');
    const asked = await call(own, 'GET /customers?limit=1000');

    expect(unasked.body).toHaveLength(1000);
    expect(unasked.headers.get('Link')).toBe('</customers?after=1000&limit=1000>; rel="next"');
    expect(asked.body).toEqual(unasked.body);
    expect(await readFeed(own)).toHaveLength(1001);
  });

  it.each([
    ['limit=0', 'limit must be a whole number from 1 to 1000'],
    ['limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['limit=many', 'limit must be a whole number from 1 to 1000'],
    ['limit=2.5', 'limit must be a whole number from 1 to 1000'],
    ['after=-1', 'after must be a whole number from 0 to 9007199254740991'],
    ['after=9007199254740992', 'after must be a whole number from 0 to 9007199254740991'],
    ['after=1e3', 'after must be a whole number from 0 to 9007199254740991'],
  ])('rejects ?%s', async (query, detail) => {
    const answer = await call(crm, `GET /customers?${query}`);

    expect(answer).toMatchObject({ status: 400, body: { detail, error: detail } });
  });
});

describe('the feed of customers on postgres', () => {
  it('holds back higher ids while a transaction with a lower id is still open', async () => {
    await using crm = await startTestCrm('postgres');
    await using foreign = await openCrmDatabase(crm.database);
    const commit = Promise.withResolvers<void>();
    const inserted = Promise.withResolvers<number>();
    const transaction = foreign.write(async (trx) => {
      inserted.resolve((await insertCustomers(trx, [aRow()]))[0]?.id ?? 0);
      await commit.promise;
    });
    const heldId = await inserted.promise;

    let isAnswered = false;
    const post = addCustomer(crm).finally(() => {
      isAnswered = true;
    });
    await eventually(async () => isAnswered || (await lockWaiters()) > 0);
    const before = await readFeed(crm);
    commit.resolve();
    await transaction;
    const { id } = await post;

    expect(before).toEqual([]);
    expect(id).toBeGreaterThan(heldId);
    expect((await readFeed(crm)).map((customer) => customer.id)).toEqual([heldId, id]);

    async function lockWaiters(): Promise<number> {
      const { rows } = await sql<{ count: number }>`
        select count(*) from pg_locks
         where locktype = 'advisory' and not granted
           and database = (select oid from pg_database where datname = current_database())`.execute(foreign.db);
      return rows[0]?.count ?? 0;
    }
  });
});

function aRow() {
  const { name, email } = aCustomer();
  const now = new Date().toISOString();
  return {
    name,
    email,
    email_key: email,
    search_key: searchKey({ name, email }),
    password_hash: null,
    deleted_at: null,
    created_at: now,
    integration_state: 'pending' as const,
    package_id: null,
    integration_attempts: 0,
    integration_error: null,
    integration_updated_at: now,
  };
}
