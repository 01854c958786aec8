import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crmClient } from '../src/adapters/crm-client.ts';
import { replay } from '../src/commands/replay.ts';
import { findCustomer } from '../src/intake/find-named.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';
import { compare, removePackage } from './two-sides.ts';

const baseUrl = 'http://paged-crm.test';

type Form = (shown: unknown[], about: { page: number; pages: number; total: number }) => [unknown, object?];
type Options = { count: number; size: number; form: Form; takesPages?: boolean; newestFirst?: boolean };

const plain: Form = (shown) => [shown];

/** A CRM that takes neither `after` nor `limit` and shows `size` customers at once. */
function aPagedCrm({ count, size, form, takesPages = true, newestFirst = false }: Options) {
  const customers = manyCustomers(count).map(({ id, name }) => ({ id, name }));
  const crm = { customers, asked: 0, isDown: false };
  nock(baseUrl)
    .persist()
    .get('/customers')
    .query(true)
    .reply(({ url }: Request) => {
      crm.asked += 1;
      const page = takesPages ? Number(new URL(url).searchParams.get('page') ?? 1) : 1;
      if (crm.isDown && page > 1) return [503];
      const all = newestFirst ? customers.toReversed() : customers;
      const shown = all.slice((page - 1) * size, page * size);
      const pages = Math.ceil(customers.length / size);
      return [200, ...form(shown, { page, pages, total: customers.length })] as [number, unknown];
    });
  nock(baseUrl).persist().put('/customers/integration').reply(204);
  const http = createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 2, token: async () => 'token' });
  return Object.assign(crm, { source: crmClient(http, 500) });
}

const ids = (count: number) => manyCustomers(count).map(({ id }) => id);

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

async function aSync(kind: 'sqlite' | 'postgres', crm: ReturnType<typeof aPagedCrm>) {
  const target = fakeTarget();
  const test = await testContext(kind, { source: crm.source, target });
  const sync = createSync(test.context, owner);
  const about = () =>
    test.logger.lines.filter(({ message }) => message.includes('ignores `after`')).map(({ message }) => message);
  return { ...test, target, sync, about };
}

const link: Form = (shown, { page, pages }) => [
  shown,
  page < pages ? { Link: `</customers?page=${page + 1}>; rel="next"` } : {},
];
const nextUrl: Form = (shown, { page, pages, total }) => [
  { results: shown, count: total, next: page < pages ? `${baseUrl}/customers?page=${page + 1}` : null },
];
const counted: Form = (shown, { page, pages, total }) => [{ items: shown, page, size: 3, pages, total }];
const sized: Form = (shown, { page }) => [{ data: shown, page, size: 3 }];

describe.each(databases)('a CRM that pages by `?page=`, the ledger on %s', (kind) => {
  it.each([
    ['a next link', link],
    ['a next address', nextUrl],
    ['page numbers', counted],
    ['a page size', sized],
    ['nothing', plain],
  ])('is read whole if it gives %s', async (_what, form) => {
    const crm = aPagedCrm({ count: 7, size: 3, form });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(7));
    expect(test.sync.crmList()).toMatchObject({ seen: 7, warning: null });
    expect(test.about()).toEqual(['the CRM ignores `after`: these 7 customers are taken as its whole list']);
    crm.customers.push({ id: 8, name: 'Customer 8' });
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(8));
  });
});

describe('a CRM that pages by `?page=`', () => {
  it('is read whole if it lists the newest customers first', async () => {
    const crm = aPagedCrm({ count: 7, size: 3, form: link, newestFirst: true });
    await using test = await aSync('sqlite', crm);
    await test.sync.runOnce();
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(7));
    expect(await compare(test.context)).toMatchObject({ customers: 7, proven: true });
    expect(await findCustomer(test.context.source, 2)).toMatchObject({ customer: { id: 2 }, isPart: false });
  });

  it('fails the poll if a further page cannot be read, and no customer is taken for a deleted one', async () => {
    const crm = aPagedCrm({ count: 7, size: 3, form: link });
    await using test = await aSync('sqlite', crm);
    await test.sync.runOnce();
    await test.sync.runOnce();
    removePackage(test.target, 7);
    await replay(test.context, 7);
    crm.isDown = true;
    await test.sync.runOnce();
    expect(test.sync.lastPoll()).toMatchObject({ outcome: 'failed', reason: 'CRM answered 503' });
    expect(await getDelivery(test.context, 7)).toMatchObject({ state: 'retrying' });
  });
});

describe.each(databases)('a CRM that shows only a part of its list, the ledger on %s', (kind) => {
  const total: Form = (shown, about) => [shown, { 'X-Total-Count': String(about.total) }];
  const warning =
    'the CRM shows only 20 of its 60 customers and ignores `after`: the others cannot be read and get no package';

  it('gets packages for that part, and a warning at once, each hour, and whenever the numbers change', async () => {
    const crm = aPagedCrm({ count: 60, size: 20, form: total, takesPages: false });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(20));
    expect(test.sync.crmList()).toEqual({ seen: 20, total: 60, warning });
    expect(test.about()).toEqual([warning]);
    test.clock.advance(3_600_000);
    await test.sync.runOnce();
    expect(test.about()).toEqual([warning, warning]);
    crm.customers.pop();
    await test.sync.runOnce();
    expect(test.about().at(-1)).toContain('20 of its 59 customers');
  });

  it.each([
    ['pages', counted, '3 of its 7 customers'],
    ['a page size', sized, '3 of its customers'],
    ['that there are more', ((shown) => [{ items: shown, has_more: true }]) as Form, '3 of its customers'],
    ['another host', ((shown) => [shown, { Link: '<http://a.test/>; rel="next"' }]) as Form, '3 of its customers'],
  ])('is warned about if it shows 3 of 7 and tells %s', async (_what, form, shown) => {
    const crm = aPagedCrm({ count: 7, size: 3, form, takesPages: false });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(3));
    expect(test.about()).toEqual([expect.stringContaining(shown)]);
  });

  it('never proves that everyone has a package, and never takes a hidden customer for a deleted one', async () => {
    const crm = aPagedCrm({ count: 20, size: 20, form: total, takesPages: false });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    crm.customers.unshift(
      ...manyCustomers(60)
        .slice(20)
        .map(({ id, name }) => ({ id, name })),
    );
    removePackage(test.target, 7);
    await replay(test.context, 7);
    await test.sync.runOnce();
    expect(await getDelivery(test.context, 7)).toMatchObject({
      state: 'retrying',
      error: 'the CRM shows only a part of its list, without this customer',
    });
    const { found, ...result } = await compare(test.context);
    expect(result).toMatchObject({ customers: 20, departed: 0, proven: false });
    expect(found).toMatchObject([
      { kind: 'unread', detail: 'the CRM says that it has 60 customers, but its list ends after 20' },
    ]);
  });
});

/** A CRM that takes `after` and `limit`, but lists the newest customers first. */
function aNewestFirstCrm({ count, takesPages }: { count: number; takesPages: boolean }) {
  const customers = manyCustomers(count).map(({ id, name }) => ({ id, name }));
  const crm = { customers };
  nock(baseUrl)
    .persist()
    .get('/customers')
    .query(true)
    .reply(({ url }: Request) => {
      const [after, limit, page] = ['after', 'limit', 'page'].map((name) => new URL(url).searchParams.get(name));
      const newest = customers.filter(({ id }) => id > Number(after)).toReversed();
      const from = takesPages ? (Number(page ?? 1) - 1) * Number(limit) : 0;
      return [200, newest.slice(from, from + Number(limit))] as [number, unknown];
    });
  nock(baseUrl).persist().put('/customers/integration').reply(204);
  const http = createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 2, token: async () => 'token' });
  return Object.assign(crm, { asked: 0, isDown: false, source: crmClient(http, 3) });
}

describe.each(databases)('a CRM that lists the newest customers first, the ledger on %s', (kind) => {
  it('is read whole by page numbers, also when many come at once', async () => {
    const crm = aNewestFirstCrm({ count: 7, takesPages: true });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(7));
    crm.customers.push(...manyCustomers(15).slice(7));
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(ids(15));
    expect(await compare(test.context)).toMatchObject({ customers: 15, proven: true });
  });

  it('is warned about and never proves anything if its older customers are out of reach', async () => {
    const crm = aNewestFirstCrm({ count: 7, takesPages: false });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual([5, 6, 7]);
    expect(test.about()).toEqual([expect.stringContaining('shows only 3 of its customers')]);
    expect(await compare(test.context)).toMatchObject({ exceptions: { unread: 1 }, proven: false });
  });

  it('has not deleted a customer that is not on the page of the newest', async () => {
    const crm = aNewestFirstCrm({ count: 7, takesPages: true });
    await using test = await aSync(kind, crm);
    await test.sync.runOnce();
    removePackage(test.target, 2);
    test.clock.advance(3_600_000);
    await replay(test.context, 2);
    await test.sync.runOnce();
    expect(await getDelivery(test.context, 2)).toMatchObject({ state: 'delivered' });
    expect(idsIn(test.target.packages).toSorted()).toEqual(ids(7));
  });
});

describe('a CRM that always returns its whole list', () => {
  it('is asked for a second page only once in an hour', async () => {
    const crm = aPagedCrm({ count: 3, size: 500, form: plain });
    await using test = await aSync('sqlite', crm);
    for (let poll = 0; poll < 6; poll += 1) await test.sync.runOnce();
    expect(crm.asked).toBe(8);
    expect(test.about()).toEqual(['the CRM ignores `after`: these 3 customers are taken as its whole list']);
    expect(test.sync.crmList()).toEqual({ seen: 3, total: null, warning: null });
  });
});
