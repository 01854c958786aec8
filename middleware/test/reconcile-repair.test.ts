import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { repair } from '../src/commands/repair.ts';
import { moveCursor } from '../src/db/cursor.ts';
import { readFact } from '../src/db/facts.ts';
import type { CustomerKey } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { watchBothSides } from '../src/reconcile/watch.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';
import { aLedger, compare, compareAndRepair, customers, rejected, removePackage } from './two-sides.ts';

describe.each(databases)('a repair, the ledger on %s', (kind) => {
  it('delivers exactly one package to each customer without one, which the next reconciliation proves', async () => {
    const target = fakeTarget();
    target.script(2, rejected);
    await using ledger = await aLedger(kind, customers(1, 2, 3, 5), target);
    const { context, source, sync } = ledger;
    removePackage(target, 3);
    source.customers.splice(1, 3, ...[2, 3, 4, 5].map((id) => aCustomer(id, { name: `Renamed ${id}` })));
    const missing: CustomerKey[] = [];
    await compare(context, {
      async onMissing(customers) {
        missing.push(...customers.map(({ customerId }) => customerId));
        await repair(context, missing);
      },
    });
    expect(missing).toEqual([2, 3, 4]);
    const due = await context.db
      .selectFrom('deliveries')
      .select(['customer_id', 'before_post', 'due_at', 'waits_used'])
      .where('state', '=', 'pending')
      .orderBy('customer_id')
      .execute();
    const doubtful = { before_post: 'read and look', due_at: '2026-01-01T00:01:00.000Z', waits_used: 0 };
    expect(due).toEqual(missing.map((customer_id) => ({ customer_id, ...doubtful })));
    await sync.runOnce();
    expect(target.packages.map(({ customerId, name }) => `${customerId} ${name}`).sort()).toEqual([
      '1 Customer 1',
      '2 Renamed 2',
      '3 Renamed 3',
      '4 Renamed 4',
      '5 Customer 5',
    ]);
    expect(await compare(context)).toMatchObject({ customers: 5, packages: 5, matched: 5, proven: true, found: [] });
  });

  it('creates no second package, however often it runs', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, target, sync } = ledger;
    await repair(context, [1, 2]);
    await repair(context, [1, 2]);
    await sync.runOnce();
    expect(target.posts).toHaveLength(2);
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(await compare(context)).toMatchObject({ packages: 2, proven: true });
  });

  it('handles more customers than fit into one transaction', async () => {
    const target = fakeTarget();
    const source = fakeSource(manyCustomers(1_100));
    await using test = await testContext(kind, { source, target, concurrency: 64 });
    const { context } = test;
    await context.write((trx) => moveCursor(trx, 1_100));
    await compareAndRepair(context);
    expect((await getStatus(context)).deliveries.pending).toBe(1_100);
    await createSync(context, owner).runOnce();
    expect(target.posts).toHaveLength(1_100);
    expect(await compare(context)).toMatchObject({ matched: 1_100, proven: true });
  });

  it('ends with a dead delivery for a customer that was deleted meanwhile', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, source, target, sync } = ledger;
    removePackage(target, 2);
    await compareAndRepair(context);
    source.customers.pop();
    await sync.runOnce();
    expect(await getDelivery(context, 2)).toMatchObject({
      state: 'dead',
      error: 'the CRM has this customer no longer',
    });
    expect(target.packages.map(({ customerId }) => customerId)).toEqual([1]);
    expect(await compare(context)).toMatchObject({ customers: 1, proven: true, found: [] });
  });
});

describe("the daemon's own reconciliation", () => {
  const { signal } = new AbortController();

  it('records customers that no poll has seen, and leaves other exceptions to an operator', async () => {
    const target = fakeTarget();
    target.script(2, rejected);
    await using ledger = await aLedger('sqlite', customers(1, 2, 3, 5), target);
    const { context, source, sync } = ledger;
    removePackage(target, 3);
    source.customers.splice(3, 0, aCustomer(4));
    await watchBothSides(context, signal);
    await sync.runOnce();
    expect(target.packages.map(({ customerId }) => customerId).sort()).toEqual([1, 4, 5]);
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'dead', attempts: 1 });
    expect(await getDelivery(context, 3)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('logs at most ten exceptions, and their total', async () => {
    await using ledger = await aLedger('sqlite', manyCustomers(12));
    const { context, target, logger } = ledger;
    target.packages.splice(0);
    logger.lines.splice(0);
    await watchBothSides(context, signal);
    const warnings = logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings.slice(0, 10).every((line) => /customer \d+: delivered as package/.test(line))).toBe(true);
    expect(warnings.slice(10)).toEqual([
      expect.stringMatching(/^reconciliation: 12 customers, 0 packages: 12 without a package, in .*--repair/),
    ]);
  });

  it('logs one line if there is no exception', async () => {
    await using ledger = await aLedger('sqlite', manyCustomers(2));
    const { context, logger } = ledger;
    logger.lines.splice(0);
    await watchBothSides(context, signal);
    expect(logger.lines).toEqual([
      {
        level: 'info',
        message: expect.stringMatching(/^reconciliation: 2 customers, 2 packages: every customer has exactly one, in /),
      },
    ]);
  });

  it.each([
    ['is unavailable', async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) as const],
    ['fails with an unexpected error', () => Promise.reject(new Error('CRM cannot be reached'))],
  ])('logs a failure if one side %s', async (_how, fetchPage) => {
    await using ledger = await aLedger('sqlite', manyCustomers(2));
    const { context, source, logger } = ledger;
    await watchBothSides({ ...context, source: { ...source, fetchPage } }, signal);
    expect(logger.lines.at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/^reconciliation.*CRM cannot be reached$/),
    });
    expect(await readFact(context.db, 'reconciliation')).toBeUndefined();
  });
});
