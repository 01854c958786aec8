import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { reconcile } from '../src/reconcile/reconcile.ts';
import { parseStartFrom, type StartFrom } from '../src/start-from.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { aCustomer, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

const from = (text: string) => parseStartFrom(text) as StartFrom;

async function aStart(kind: Kind, text: string, { customers = manyCustomers(30), pageSize = 500 } = {}) {
  const source = fakeSource(customers, pageSize);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target, startFrom: from(text) });
  const poll = (overrides: Partial<MiddlewareContext> = {}) =>
    createSync({ ...test.context, ...overrides }, owner).runOnce();
  return {
    ...test,
    source,
    target,
    poll,
    sentences: () => test.logger.lines.flatMap(({ message }) => (message.includes('START_FROM') ? message : [])),
    skipped: async () => (await listDeliveries(test.context, { after: 0, limit: 1_000, state: 'skipped' })).length,
  };
}

describe.each(databases)('a first start, the ledger on %s', (kind) => {
  it('delivers to everybody from the beginning, and says so', async () => {
    await using start = await aStart(kind, 'beginning');
    await start.poll();
    await start.poll();
    expect(start.target.packages).toHaveLength(30);
    expect(start.sentences()).toEqual(['The CRM has 30 customers; START_FROM=beginning: each gets a package']);
  });

  it.each([500, 7, 1])('from now delivers only to customers that come later, in pages of %i', async (pageSize) => {
    await using start = await aStart(kind, 'now', { pageSize });
    await start.poll();
    expect([start.target.posts, await start.skipped()]).toEqual([[], 30]);
    start.source.customers.push(aCustomer(31));
    await start.poll();
    expect(idsIn(start.target.packages)).toEqual([31]);
    expect((await ledgerSummary(start.context)).deliveries).toMatchObject({ skipped: 30, delivered: 1, pending: 0 });
    expect(start.sentences()).toEqual(['The CRM has 30 customers from before; START_FROM=now: they get no package']);
  });

  it('from now delivers to customers that come during the first poll', async () => {
    await using start = await aStart(kind, 'now', { pageSize: 10 });
    const { fetchPage } = start.source;
    const source = {
      ...start.source,
      async fetchPage(after: number, limit?: number) {
        const page = await fetchPage(after, limit);
        if (after === 20 && limit === 10) start.source.customers.push(aCustomer(31));
        return page;
      },
    };
    await start.poll({ source });
    expect([idsIn(start.target.packages), await start.skipped()]).toEqual([[31], 30]);
  });

  it('from now goes on where it was killed in the middle of the first poll', async () => {
    await using start = await aStart(kind, 'now', { pageSize: 10 });
    const { fetchPage } = start.source;
    const dying: typeof fetchPage = async (after, limit) =>
      after === 20 && limit === 10 ? { kind: 'unavailable', reason: 'killed here' } : fetchPage(after, limit);
    await start.poll({ source: { ...start.source, fetchPage: dying } });
    expect(await start.skipped()).toBe(20);
    start.source.customers.push(aCustomer(31));
    await start.poll({ startFrom: from('beginning') });
    expect([idsIn(start.target.packages), await start.skipped()]).toEqual([[31], 30]);
  });

  it('from now delivers to a customer that appears later with a low id', async () => {
    await using start = await aStart(kind, 'now', { customers: [aCustomer(10), aCustomer(20)] });
    const wholeList: (typeof start.source)['fetchPage'] = async () => start.source.fetchPage(0);
    const source = { ...start.source, fetchPage: wholeList };
    await start.poll({ source });
    start.source.customers.unshift(aCustomer(5));
    await start.poll({ source });
    expect(idsIn(start.target.packages)).toEqual([5]);
  });

  it('from now on an empty CRM delivers to everybody who comes', async () => {
    await using start = await aStart(kind, 'now', { customers: [] });
    await start.poll();
    start.source.customers.push(aCustomer(1), aCustomer(2));
    await start.poll();
    expect(idsIn(start.target.packages)).toEqual([1, 2]);
    expect(start.sentences()).toEqual(['The CRM has no customers yet; START_FROM=now']);
  });

  it('from an id delivers to that customer and later ones', async () => {
    await using start = await aStart(kind, '28');
    await start.poll();
    expect(idsIn(start.target.packages)).toEqual([28, 29, 30]);
    expect(start.sentences()).toEqual([
      'The CRM has 30 customers; START_FROM=28: 27 from before get no package, 3 get one',
    ]);
  });

  it('from a time delivers to customers that were created then or later', async () => {
    const createdAt = (day: number) => `2026-01-0${day}T00:00:00.000Z`;
    const customers = [1, 2, 3, 4].map((id) => aCustomer(id, { createdAt: createdAt(id) }));
    await using start = await aStart(kind, '2026-01-03', {
      customers: [...customers, aCustomer(5, { createdAt: undefined })],
    });
    await start.poll();
    start.source.customers.push(aCustomer(6, { createdAt: undefined }));
    await start.poll();
    expect(idsIn(start.target.packages)).toEqual([3, 4, 6]);
  });

  it('waits for a CRM that is away', async () => {
    await using start = await aStart(kind, 'now');
    const fetchPage = async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) as const;
    await start.poll({ source: { ...start.source, fetchPage } });
    await start.poll();
    expect([start.target.posts, await start.skipped()]).toEqual([[], 30]);
  });
});

describe.each(databases)('a skipped customer, the ledger on %s', (kind) => {
  it('gets a package by a replay, and by nothing else', async () => {
    await using start = await aStart(kind, 'now', { customers: manyCustomers(3) });
    await start.poll();
    await replay(start.context, 2);
    await start.poll();
    expect(idsIn(start.target.packages)).toEqual([2]);
    expect(start.source.reports.flat().map(({ customer_id }) => customer_id)).toEqual([2]);
  });

  it('is no exception of a reconciliation, and no match either', async () => {
    await using start = await aStart(kind, 'now', { customers: manyCustomers(3) });
    await start.poll();
    start.source.customers.push(aCustomer(4));
    await start.poll();
    const result = await reconcile(start.context, { onException: () => undefined });
    const exceptions = { missing: 0, double: 0, ownerless: 0, unusable: 0 };
    expect(result).toMatchObject({ reconciliation: { matched: 1, onTheirWay: 0, exceptions } });
  });
});

describe.each(databases)('START_FROM on a ledger that is not empty, on %s', (kind) => {
  it('is ignored, which is said once for each value, across restarts', async () => {
    await using start = await aStart(kind, 'beginning', { customers: manyCustomers(3) });
    await start.poll();
    start.logger.lines.length = 0;
    start.source.customers.push(aCustomer(4));
    for (let restart = 0; restart < 3; restart += 1) await start.poll({ startFrom: from('now') });
    expect(idsIn(start.target.packages)).toEqual([1, 2, 3, 4]);
    expect(start.sentences()).toEqual([
      'START_FROM=now is ignored: it counts only for an empty ledger, and this one holds 3 customers since it began with START_FROM=beginning',
    ]);
    await start.poll({ startFrom: from('2') });
    expect(start.sentences()).toHaveLength(2);
  });
});
