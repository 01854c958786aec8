import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay, replayEnded } from '../src/commands/replay.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { CustomerKey, SeenCustomer } from '../src/delivery.ts';
import type { CustomerSource, NoPage } from '../src/ports.ts';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync, type Sync } from '../src/sync.ts';
import { aCustomer, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

/** A CRM that fails for every page that contains one of these customers. */
function aBrokenCrm(customers: SeenCustomer[], broken: CustomerKey[], pageSize = 500) {
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

/** The fourth poll that meets an unreadable customer skips it. */
async function polls(sync: Sync, count = 4) {
  for (let poll = 0; poll < count; poll += 1) await sync.runOnce();
}

/** Customers that the CRM has not shown; each is read again on the schedule. */
async function unreadIn(context: MiddlewareContext, state: 'retrying' | 'dead' = 'retrying') {
  const found = await listDeliveries(context, { after: 0, limit: 1_000, state });
  return found.map(({ customer_id }) => customer_id);
}

/** Both waits of the schedule pass. */
async function passSchedule({ clock, sync }: { clock: { advance(ms: number): void }; sync: Sync }) {
  for (const ms of [6_000, 36_000]) {
    clock.advance(ms);
    await sync.settle();
  }
}

const fault = 'the CRM cannot show this customer, or has none of this id: CRM answered 500';

describe.each(databases)('a CRM that fails on a customer, the ledger on %s', (kind) => {
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
  ])(
    'leads to a package for every other customer, and one that is given up after the schedule: %s',
    async (_where, broken) => {
      await using crm = await aCrmWith(manyCustomers(30), broken);
      await polls(crm.sync, 13);
      expect(idsIn(crm.target.packages)).toEqual(without(30, broken));
      expect(await unreadIn(crm.context)).toEqual(broken);
      expect(await getDelivery(crm.context, Number(broken[0]))).toMatchObject({ error: fault });
      await passSchedule(crm);
      expect(await unreadIn(crm.context, 'dead')).toEqual(broken);
      const failed = crm.source.reports.flat().filter(({ state }) => state === 'failed');
      expect(failed.map(({ customer_id, error }) => [customer_id, error])).toEqual(
        broken.map((id) => [id, `given up after 2 attempts: ${fault}`]),
      );
    },
  );

  it('leads to packages for the customers before it at once, and is logged', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [5]);
    await crm.sync.runOnce();
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4]);
    expect(crm.sync.lastPoll()).toMatchObject({ outcome: 'failed', seen: 4 });
    expect(crm.logger.lines.map(({ message }) => message)).toContain('CRM answered 500; polling goes on');
  });

  it('leads to packages for all customers if it recovers soon', async () => {
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
    expect(await unreadIn(crm.context)).toEqual([]);
  });

  it('is retried at the end of the list, where it blocks no customer, until another follows', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [30]);
    await polls(crm.sync, 8);
    expect(idsIn(crm.target.packages)).toEqual(without(30, [30]));
    expect(await unreadIn(crm.context)).toEqual([]);
    crm.source.customers.push(aCustomer(31));
    await polls(crm.sync);
    expect(await unreadIn(crm.context)).toEqual([30]);
    expect(crm.target.packages.some(({ customerId }) => customerId === 31)).toBe(true);
  });

  it('gets no extra calls once it is recorded without a package', async () => {
    await using crm = await aCrmWith(manyCustomers(30), [5]);
    await polls(crm.sync);
    expect(crm.source.asked.length).toBeLessThan(100);
    crm.source.asked.length = 0;
    await crm.sync.runOnce();
    expect(crm.source.asked).toEqual([29]);
  });

  it('is read beyond a gap in its ids, and every customer that may be in the gap is read again', async () => {
    await using crm = await aCrmWith([...manyCustomers(4), aCustomer(60), aCustomer(61)], [60]);
    await polls(crm.sync);
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4, 61]);
    expect(await unreadIn(crm.context)).toEqual(manyCustomers(60).flatMap(({ id }) => (id > 4 ? id : [])));
  });

  it('leads to that package too once it is repaired, in time or with a replay of the dead letter', async () => {
    await using crm = await aCrmWith(manyCustomers(10), [5, 6]);
    await polls(crm.sync);
    crm.source.broken.shift();
    await passSchedule(crm);
    expect(idsIn(crm.target.packages)).toEqual(without(10, [6]));
    crm.source.broken.length = 0;
    await replayEnded(crm.context, { state: 'dead' });
    await crm.sync.settle();
    expect(crm.target.packages.find(({ customerId }) => customerId === 5)?.name).toBe('Customer 5');
    expect(idsIn(crm.target.packages)).toEqual(without(10, []));
  });

  it('does not block replays of neighbouring customers', async () => {
    await using crm = await aCrmWith(manyCustomers(10), [5]);
    crm.target.script(4, () => ({ kind: 'rejected', reason: 'no', status: 410 }));
    await polls(crm.sync);
    expect([await unreadIn(crm.context, 'dead'), await unreadIn(crm.context)]).toEqual([[4], [5]]);
    await replay(crm.context, 4);
    await crm.sync.settle();
    expect(await getDelivery(crm.context, 4)).toMatchObject({ state: 'delivered' });
  });
});

describe.each(databases)('a CRM that fails entirely, the ledger on %s', (kind) => {
  const noPage: NoPage = { kind: 'unreadable', reason: 'CRM answered 500' };

  it('costs two calls per poll if it returns nothing', async () => {
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

  it('costs a bounded number of calls per poll if only its empty end is readable, and no dead letters', async () => {
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

  it('loses no customer if it fails for a while in the middle of a search', async () => {
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
    expect(await unreadIn(test.context)).toEqual([]);
  });

  it('creates no dead letter if it becomes unavailable during a search', async () => {
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
