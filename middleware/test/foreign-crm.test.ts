import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { crmClient } from '../src/adapters/crm-client.ts';
import { replay, replayDead } from '../src/commands/replay.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { IntegrationResult, SeenCustomer } from '../src/delivery.ts';
import { createLateComers } from '../src/intake/late-comers.ts';
import type { CustomerPage, CustomerSource, NoPage } from '../src/ports.ts';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync, type Sync } from '../src/sync.ts';
import { aCustomer, fakeSource, fakeTarget, listed, manyCustomers, owner, testContext } from './fakes.ts';

const baseUrl = 'http://foreign-crm.test';

/** A CRM that answers every question with all it has, in another order each time. */
function aForeignCrm(entries: unknown[]) {
  const reports: IntegrationResult[] = [];
  nock(baseUrl)
    .persist()
    .get('/customers')
    .query(true)
    .reply(200, () => entries.toSorted(() => Math.random() - 0.5));
  nock(baseUrl)
    .persist()
    .put('/customers/integration')
    .reply(async (request: Request) => {
      const { results } = (await request.json()) as { results: IntegrationResult[] };
      reports.push(...results);
      return [204];
    });
  const http = createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 2, token: async () => 'token' });
  return { source: crmClient(http, 500), entries, reports };
}

type Customers = ReturnType<typeof fakeTarget>['packages'];

const idsIn = (packages: Customers) => packages.map(({ customerId }) => customerId).sort((a, b) => a - b);
const anEntry = (id: unknown, more: object = {}) => ({
  id,
  name: `Customer ${id}`,
  email: `${id}@example.com`,
  ...more,
});
const someEntries = (count: number) => manyCustomers(count).map(({ id }) => anEntry(id));

afterEach(() => nock.cleanAll());

describe.each(databases)('a CRM that shows its whole list each time, the ledger on %s', (kind) => {
  it('gets one package for each customer, in whatever order they come, over a restart too', async () => {
    const crm = aForeignCrm(someEntries(1_200));
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target, concurrency: 64 });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 3; poll += 1) await sync.runOnce();
    await createSync(test.context, owner).runOnce();
    expect(target.posts).toHaveLength(1_200);
    expect(idsIn(target.packages)).toEqual(manyCustomers(1_200).map(({ id }) => id));
  });

  it('may bring a customer with an id below those that were seen before', async () => {
    const crm = aForeignCrm([anEntry(10), anEntry(20), anEntry(30)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    crm.entries.push(anEntry(7), anEntry(25), anEntry(31));
    await sync.runOnce();
    await sync.runOnce();
    expect(idsIn(target.packages)).toEqual([7, 10, 20, 25, 30, 31]);
    expect(sync.lastPoll()).toMatchObject({ outcome: 'idle', seen: 0 });
    expect((await ledgerSummary(test.context)).cursor).toBe(31);
  });

  it('may bring one between a restart and the first poll', async () => {
    const crm = aForeignCrm([anEntry(10), anEntry(20)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    await createSync(test.context, owner).runOnce();
    crm.entries.push(anEntry(15));
    await createSync(test.context, owner).runOnce();
    expect(idsIn(target.packages)).toEqual([10, 15, 20]);
  });

  it('is asked for at most twice a poll', async () => {
    const crm = aForeignCrm(someEntries(1_200));
    await using test = await testContext(kind, { source: crm.source, concurrency: 64 });
    let asked = 0;
    const { fetchPage } = crm.source;
    test.context.source = {
      ...crm.source,
      fetchPage: (...args) => {
        asked += 1;
        return fetchPage(...args);
      },
    };
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(asked).toBeLessThanOrEqual(2);
    await sync.runOnce();
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('may give ids as texts and fields that nobody knows', async () => {
    const odd = { tags: ['a'], address: { city: 'Lisboa', lines: [null] }, status: 'active', integration: 7 };
    const crm = aForeignCrm([anEntry('12', odd), anEntry('9', odd), anEntry(10, odd)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(idsIn(target.packages)).toEqual([9, 10, 12]);
    expect(crm.reports.map(({ customer_id }) => customer_id).sort((a, b) => a - b)).toEqual([9, 10, 12]);
  });

  it('may give times that no database can hold', async () => {
    const times = [
      '+275760-09-13T00:00:00.000Z',
      '-000001-01-01T00:00:00.000Z',
      '-271821-04-20T00:00:00.000Z',
      '0000-01-01T00:00:00.000Z',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
      '2026-13-45',
      'infinity',
      '',
      null,
      0,
      {},
    ];
    const crm = aForeignCrm(times.map((created_at, index) => anEntry(index + 1, { created_at })));
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    await createSync(test.context, owner).runOnce();
    expect(idsIn(target.packages)).toEqual(times.map((_, index) => index + 1));
  });

  it('may give names that no database can hold', async () => {
    const names = ['A\0B', '\ud800 alone', `${'x'.repeat(2_000)}`, "'); drop table deliveries; --", '{"a":1}', '7'];
    const crm = aForeignCrm(names.map((name, index) => anEntry(index + 1, { name })));
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    await createSync(test.context, owner).runOnce();
    expect(target.packages.toSorted((a, b) => a.customerId - b.customerId).map(({ name }) => name)).toEqual([
      'A\ufffdB',
      '\ufffd alone',
      'x'.repeat(1_000),
      ...names.slice(3),
    ]);
  });
});

describe.each(databases)('entries that name no customer, the ledger on %s', (kind) => {
  it('are kept with the reason and told of once, over polls and a restart, and hold up nobody', async () => {
    const unusable = [anEntry(-1), anEntry(0), anEntry(1.5), anEntry('a7'), anEntry(1e300), {}, null, 'Bob', [], 7];
    const crm = aForeignCrm([anEntry(1), ...unusable, anEntry(2)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 3; poll += 1) await sync.runOnce();
    await createSync(test.context, owner).runOnce();
    expect(idsIn(target.packages)).toEqual([1, 2]);
    const kept = await test.context.db.selectFrom('quarantine').selectAll().orderBy('entry').execute();
    expect(kept.map(({ entry }) => entry)).toEqual(unusable.map((entry) => JSON.stringify(entry)).sort());
    expect(kept.map(({ reason }) => reason)).toContain('an entry with the id "a7"; ids are positive integers');
    const told = test.logger.lines.filter(({ message }) => message.includes('quarantined'));
    expect(told).toHaveLength(unusable.length);
    expect((await ledgerSummary(test.context)).quarantined).toBe(unusable.length);
    crm.entries.push(anEntry(-2));
    await sync.runOnce();
    expect((await ledgerSummary(test.context)).quarantined).toBe(unusable.length + 1);
    expect(test.logger.lines.filter(({ message }) => message.includes('quarantined'))).toHaveLength(
      unusable.length + 1,
    );
  });

  it('cost no write where they are the same as before', async () => {
    const crm = aForeignCrm([anEntry(1), {}]);
    await using test = await testContext(kind, { source: crm.source });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    await test.context.write((trx) => trx.deleteFrom('quarantine').execute());
    await sync.runOnce();
    expect((await ledgerSummary(test.context)).quarantined).toBe(0);
  });
});

describe.each(databases)('a customer without a name, the ledger on %s', (kind) => {
  it('is a dead letter with the reason, told to the CRM as failed, and holds up nobody', async () => {
    const nameless = [undefined, null, '', '  ', 5].map((name, index) => ({ ...anEntry(index + 2), name }));
    const crm = aForeignCrm([anEntry(1), ...nameless, anEntry(7)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(idsIn(target.packages)).toEqual([1, 7]);
    const error = 'the CRM shows no name for this customer';
    for (const { id } of nameless) {
      expect(await getDelivery(test.context, Number(id))).toMatchObject({ state: 'dead', error, attempts: 0 });
    }
    const failed = crm.reports.filter(({ state }) => state === 'failed');
    expect(failed.map(({ customer_id }) => customer_id).sort()).toEqual([2, 3, 4, 5, 6]);
    expect(failed[0]).toMatchObject({ error, attempts: 0, package_id: null });
    expect(test.logger.lines.filter(({ message }) => message.includes(error))).toHaveLength(nameless.length);
  });
});

describe.each(databases)('late-comers, the ledger on %s', (kind) => {
  const page = (customers: SeenCustomer[]): CustomerPage => ({
    kind: 'page',
    ...listed(customers),
    more: false,
    unusable: [],
  });

  async function lateComersOf(customers: SeenCustomer[]) {
    const test = await testContext(kind, { source: fakeSource(customers) });
    await createSync(test.context, owner).runOnce();
    let queries = 0;
    const db = new Proxy(test.context.db, {
      get(target, name) {
        if (name === 'selectFrom') queries += 1;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return { ...test, lateComers: createLateComers(db), queries: () => queries };
  }

  it('cost no query while the list is the same, and one where it has changed', async () => {
    const customers = manyCustomers(100);
    await using late = await lateComersOf(customers);
    const first = await late.lateComers.find(page(customers), 100);
    first.recorded();
    expect([first.customers, late.queries()]).toEqual([[], 1]);
    for (let poll = 0; poll < 10; poll += 1) {
      const again = await late.lateComers.find(page(customers), 100);
      again.recorded();
      expect(again).toMatchObject({ customers: [], isWhole: true, isNew: false });
    }
    expect(late.queries()).toBe(1);
    const changed = await late.lateComers.find(page(customers.slice(1)), 100);
    expect([changed.isNew, late.queries()]).toEqual([true, 2]);
  });

  it('cost no query in a CRM that shows only what is new', async () => {
    await using late = await lateComersOf(manyCustomers(10));
    const found = await late.lateComers.find(page([aCustomer(11)]), 10);
    expect(found).toMatchObject({ customers: [], isWhole: false });
    expect(late.queries()).toBe(0);
  });

  it('are found again until they are recorded', async () => {
    await using late = await lateComersOf([aCustomer(1), aCustomer(3)]);
    const list = page([aCustomer(1), aCustomer(2), aCustomer(3)]);
    expect((await late.lateComers.find(list, 3)).customers).toEqual([aCustomer(2)]);
    expect((await late.lateComers.find(list, 3)).customers).toEqual([aCustomer(2)]);
  });

  it('are found among more than are compared at once', async () => {
    const customers = manyCustomers(20_005).filter(({ id }) => ![1, 10_000, 10_001, 20_003].includes(id));
    await using test = await testContext(kind);
    for (let start = 0; start < customers.length; start += 1_000) {
      const rows = customers.slice(start, start + 1_000).map(({ id, name }) => ({
        customer_id: id,
        customer_name: name,
        state: 'delivered' as const,
        attempts: 1,
        report_pending: 0 as const,
        recorded_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:00:00.000Z',
        waits_used: 0,
        before_post: 'nothing' as const,
      }));
      await test.context.write((trx) => trx.insertInto('deliveries').values(rows).execute());
    }
    const { customers: late } = await createLateComers(test.context.db).find(page(manyCustomers(20_005)), 20_005);
    expect(late.map(({ id }) => id)).toEqual([1, 10_000, 10_001, 20_003]);
  });
});

/** A CRM that cannot show any page that holds one of these customers. */
function aBrokenCrm(customers: SeenCustomer[], broken: number[], pageSize = 500) {
  const sound = fakeSource(customers, pageSize);
  const reason = 'CRM answered 500';
  const source: CustomerSource = {
    ...sound,
    async fetchPage(after, limit) {
      const page = await sound.fetchPage(after, limit);
      const isBroken = page.kind === 'page' && page.customers.some(({ id }) => broken.includes(id));
      return isBroken ? { kind: 'unreadable', reason } : page;
    },
  };
  return { ...source, customers: sound.customers, asked: sound.asked, reports: sound.reports, broken };
}

const without = (count: number, ids: number[]) =>
  manyCustomers(count)
    .map(({ id }) => id)
    .filter((id) => !ids.includes(id));

/** What cannot be shown is skipped at the fourth poll that meets with it. */
async function polls(sync: Sync, count = 4) {
  for (let poll = 0; poll < count; poll += 1) await sync.runOnce();
}

async function deadIn(context: MiddlewareContext) {
  const dead = await listDeliveries(context, { after: 0, limit: 1_000, state: 'dead' });
  return dead.map(({ customer_id }) => customer_id);
}

const fault = 'the CRM cannot show this customer, or has none of this id: CRM answered 500';

describe.each(databases)('a CRM that stumbles over a customer, the ledger on %s', (kind) => {
  async function aCrmWith(customers: SeenCustomer[], broken: number[]) {
    const source = aBrokenCrm(customers, broken);
    const target = fakeTarget();
    const test = await testContext(kind, { source, target });
    return { ...test, source, target, sync: createSync(test.context, owner) };
  }

  it.each([
    ['in the middle', [5]],
    ['the first', [1]],
    ['two in a row', [5, 6]],
    ['here and there', [3, 9, 21, 22]],
  ])('gets a package for everybody else, and a dead letter with the reason: %s', async (_where, broken) => {
    await using crm = await aCrmWith(manyCustomers(30), broken);
    await polls(crm.sync, 13);
    expect(idsIn(crm.target.packages)).toEqual(without(30, broken));
    expect(await deadIn(crm.context)).toEqual(broken);
    expect(await getDelivery(crm.context, Number(broken[0]))).toMatchObject({ error: fault, attempts: 0 });
    const failed = crm.source.reports.flat().filter(({ state }) => state === 'failed');
    expect(failed.map(({ customer_id, error }) => [customer_id, error])).toEqual(broken.map((id) => [id, fault]));
  });

  it('gets packages for those before it at once, and is told of', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [5]);
    await crm.sync.runOnce();
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4]);
    expect(crm.sync.lastPoll()).toMatchObject({ outcome: 'failed', seen: 4 });
    expect(crm.logger.lines.map(({ message }) => message)).toContain('CRM answered 500; polling goes on');
  });

  it('gets packages for all where it is well again soon', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [5, 17]);
    await polls(crm.sync, 2);
    crm.source.broken.length = 0;
    await polls(crm.sync, 1);
    expect(idsIn(crm.target.packages)).toEqual(without(30, []));
    crm.source.customers.push(aCustomer(31), aCustomer(32));
    crm.source.broken.push(31);
    await polls(crm.sync, 3); // one more would be the fourth in a row
    crm.source.broken.length = 0;
    await polls(crm.sync, 1);
    expect(idsIn(crm.target.packages)).toEqual(without(32, []));
    expect(await deadIn(crm.context)).toEqual([]);
  });

  it('is waited for at the end of its list, where nobody is held up, until somebody is behind', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [30]);
    await polls(crm.sync, 8);
    expect(idsIn(crm.target.packages)).toEqual(without(30, [30]));
    expect(await deadIn(crm.context)).toEqual([]);
    crm.source.customers.push(aCustomer(31));
    await polls(crm.sync);
    expect(await deadIn(crm.context)).toEqual([30]);
    expect(crm.target.packages.some(({ customerId }) => customerId === 31)).toBe(true);
  });

  it('is asked no more than usual once the dead letter is written', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [5]);
    await polls(crm.sync);
    expect(crm.source.asked.length).toBeLessThan(100);
    crm.source.asked.length = 0;
    await crm.sync.runOnce();
    expect(crm.source.asked).toEqual([30]);
  });

  it('is read on behind a gap in its ids, and nobody who may be in it is passed over without a word', async () => {
    await using crm = await aCrmWith([...manyCustomers(4), aCustomer(60), aCustomer(61)], [60]);
    await polls(crm.sync);
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4, 61]);
    expect(await deadIn(crm.context)).toEqual(manyCustomers(60).flatMap(({ id }) => (id > 4 ? id : [])));
  });

  it('gets that package too once it is mended and the dead letter is replayed', async () => {
    await using crm = await aCrmWith(manyCustomers(10), [5, 6]);
    await polls(crm.sync);
    crm.source.broken.length = 0;
    await replayDead(crm.context, {});
    await crm.sync.settle();
    expect(crm.target.packages.find(({ customerId }) => customerId === 5)?.name).toBe('Customer 5');
    expect(idsIn(crm.target.packages)).toEqual(without(10, []));
  });

  it('does not keep its neighbours from being replayed', async () => {
    await using crm = await aCrmWith(manyCustomers(10), [5]);
    crm.target.script(4, () => ({ kind: 'rejected', reason: 'no', status: 400 }));
    await polls(crm.sync);
    expect(await deadIn(crm.context)).toEqual([4, 5]);
    await replay(crm.context, 4);
    await crm.sync.settle();
    expect(await getDelivery(crm.context, 4)).toMatchObject({ state: 'delivered' });
  });
});

describe.each(databases)('a CRM that is broken as a whole, the ledger on %s', (kind) => {
  const noPage: NoPage = { kind: 'unreadable', reason: 'CRM answered 500' };

  it('costs two calls a poll where it can show nothing', async () => {
    let asked = 0;
    const fetchPage = async () => {
      asked += 1;
      return noPage;
    };
    await using test = await testContext(kind, { source: { ...fakeSource([]), fetchPage } });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 5; poll += 1) await sync.runOnce();
    expect(asked).toBeLessThanOrEqual(10);
    expect(sync.lastPoll()).toMatchObject({ outcome: 'failed', seen: 0 });
    expect(await listDeliveries(test.context, { after: 0, limit: 10 })).toEqual([]);
  });

  it('costs a bounded number of calls a poll where it can show only its empty end, and makes no dead letters', async () => {
    const source = aBrokenCrm(manyCustomers(500), without(500, []));
    await using test = await testContext(kind, { source });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 6; poll += 1) {
      source.asked.length = 0;
      await sync.runOnce();
      expect(source.asked.length).toBeLessThanOrEqual(120);
    }
    expect(await listDeliveries(test.context, { after: 0, limit: 10 })).toEqual([]);
  });

  it('loses nobody where it fails for a while in the middle of a search', async () => {
    const sound = fakeSource(manyCustomers(30));
    let calls = 0;
    const failing = (call: number) => call === 1 || (call >= 3 && call <= 15);
    const source: CustomerSource = {
      ...sound,
      fetchPage: async (after, limit) => {
        calls += 1;
        return failing(calls) ? noPage : sound.fetchPage(after, limit);
      },
    };
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await polls(sync, 6);
    expect(idsIn(target.packages)).toEqual(without(30, []));
    expect(await deadIn(test.context)).toEqual([]);
  });

  it('makes no dead letter where it goes away while it is searched', async () => {
    const source = aBrokenCrm(manyCustomers(10), [5]);
    const { fetchPage } = source;
    const leaving: CustomerSource = {
      ...source,
      fetchPage: async (after, limit) =>
        after === 5 ? { kind: 'unavailable', reason: 'CRM cannot be reached' } : fetchPage(after, limit),
    };
    const target = fakeTarget();
    await using test = await testContext(kind, { source: leaving, target });
    await polls(createSync(test.context, owner), 6);
    expect(await ledgerSummary(test.context)).toMatchObject({ cursor: 4, deliveries: { dead: 0, delivered: 4 } });
  });
});
