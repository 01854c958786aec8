import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { findUnreported } from '../src/db/reports.ts';
import type { CustomerSource } from '../src/ports.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('reports, their ledger on %s', (kind) => {
  it('wait for an unavailable CRM, across a restart too', async () => {
    const source = fakeSource(manyCustomers(2));
    let away = true;
    const report = source.report;
    const sometimes = {
      ...source,
      report: async (results: Parameters<typeof report>[0]) =>
        away ? { reason: 'CRM cannot be reached' } : report(results),
    };
    await using test = await testContext(kind, { source: sometimes });
    await createSync(test.context, owner).runOnce();
    expect(source.reports).toEqual([]);
    expect(test.logger.lines.filter(({ message }) => message.includes('the CRM takes no report'))).toHaveLength(1);
    away = false;
    await createSync(test.context, owner).runOnce();
    expect(source.reports.flat().map(({ customer_id }) => customer_id)).toEqual([1, 2]);
    expect(await findUnreported(test.context.db, 10)).toEqual([]);
  });

  it('are sent in groups of at most 500', async () => {
    const source = fakeSource(manyCustomers(1_100));
    const report = source.report;
    let away = true;
    const sometimes = {
      ...source,
      report: async (results: Parameters<typeof report>[0]) => (away ? { reason: 'away' } : report(results)),
    };
    await using test = await testContext(kind, { source: sometimes, concurrency: 100 });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    away = false;
    await sync.runOnce();
    expect(source.reports.map((group) => group.length)).toEqual([500, 500, 100]);
  });

  it('are not sent again to a CRM that does not support them', async () => {
    const source = fakeSource(manyCustomers(1));
    let asked = 0;
    const without = {
      ...source,
      report: async () => {
        asked += 1;
        return 'unsupported' as const;
      },
    };
    await using test = await testContext(kind, { source: without });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    source.customers.push(aCustomer(2));
    await sync.runOnce();
    expect(asked).toBe(1);
  });

  it('continue once the CRM is back after it answered 404 for every route', async () => {
    const source = fakeSource(manyCustomers(1));
    const { report, fetchPage } = source;
    let isAway = false;
    const behindGateway: CustomerSource = {
      ...source,
      fetchPage: async (...asked) =>
        isAway ? { kind: 'unavailable', reason: 'CRM answered 404' } : await fetchPage(...asked),
      report: async (results) => (isAway ? 'unsupported' : await report(results)),
    };
    const target = fakeTarget();
    const { create } = target;
    target.create = async (request) => {
      isAway = true;
      return create(request);
    };
    await using test = await testContext(kind, { source: behindGateway, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(source.reports).toEqual([]);
    isAway = false;
    await sync.runOnce();
    expect(source.reports.flat()).toMatchObject([{ customer_id: 1, state: 'delivered' }]);
  });

  it('tell how many posts have failed so far, once a minute, and never delay the results', async () => {
    const source = fakeSource(manyCustomers(2));
    const target = fakeTarget();
    target.script(1, busy, busy, busy, busy);
    await using test = await testContext(kind, { source, target, waitsMs: Array(9).fill(20_000) });
    const sync = createSync(test.context, owner);
    for (let run = 0; run < 6; run += 1) {
      await sync.runOnce();
      test.clock.advance(20_000);
    }
    const waiting = { customer_id: 1, error: 'answered 503' };
    expect(source.progress).toEqual([[{ ...waiting, attempts: 1 }], [{ ...waiting, attempts: 4 }]]);
    expect(source.reports.flat()).toMatchObject([
      { customer_id: 2, state: 'delivered', attempts: 1 },
      { customer_id: 1, state: 'delivered', attempts: 5 },
    ]);
  });

  it('tell a CRM that takes results alone nothing else', async () => {
    const source = fakeSource(manyCustomers(2));
    const target = fakeTarget();
    target.script(1, busy, busy, busy);
    let asked = 0;
    source.reportProgress = async () => {
      asked += 1;
      return 'refused';
    };
    await using test = await testContext(kind, { source, target, waitsMs: Array(9).fill(120_000) });
    const sync = createSync(test.context, owner);
    for (let run = 0; run < 6; run += 1) {
      await sync.runOnce();
      test.clock.advance(150_000);
    }
    expect(asked).toBe(1);
    expect(source.reports.flat().map(({ customer_id }) => customer_id)).toEqual([2, 1]);
  });

  it.each([
    ['the state changed', { state: 'dead', error: 'changed' }, { state: 'failed', error: 'changed' }],
    ['a replay ended in the same state', { attempts: 2, package_id: '7' }, { state: 'delivered', package_id: 7 }],
  ] as const)('are sent again if %s while one was being sent', async (_what, change, told) => {
    const source = fakeSource(manyCustomers(1));
    const report = source.report;
    await using test = await testContext(kind, { source });
    const { context } = test;
    context.source = {
      ...source,
      async report(results) {
        if (source.reports.length === 0) {
          await context.write(async (trx) => {
            await trx
              .updateTable('deliveries')
              .set({ ...change, report_pending: 1 })
              .execute();
          });
        }
        return report(results);
      },
    };
    const sync = createSync(context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(source.reports.flat()).toMatchObject([{ state: 'delivered', package_id: 1 }, told]);
  });
});
