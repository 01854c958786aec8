import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { pause } from '../src/commands/pause.ts';
import { moveCursor } from '../src/db/cursor.ts';
import { readFact } from '../src/db/facts.ts';
import type { CustomerKey } from '../src/delivery.ts';
import type { PackageTarget } from '../src/ports.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { aCustomer, busy, fakeSource, fakeTarget, manyCustomers, testContext } from './fakes.ts';
import {
  addPackage,
  aLedger,
  compare,
  compareAndRepair,
  customers,
  type FakeTarget,
  inPages,
  noExceptions,
  rejected,
  removePackage,
} from './two-sides.ts';

/** Runs `happens` after each page of packages is read and before the reconciliation gets it. */
function afterReading(target: FakeTarget, happens: () => unknown): PackageTarget {
  const fetchPackages = async (after: number) => {
    const page = await target.fetchPackages(after);
    await happens();
    return page;
  };
  return { ...target, fetchPackages };
}

/** Runs `happens` before each page of packages, after the customers were read. */
function beforeReading(target: FakeTarget, happens: () => unknown): PackageTarget {
  const fetchPackages = async (after: number) => {
    await happens();
    return target.fetchPackages(after);
  };
  return { ...target, fetchPackages };
}

describe.each(databases)('a reconciliation, the ledger on %s', (kind) => {
  it('proves that every customer has exactly one package, and keeps the proof in the ledger', async () => {
    await using ledger = await aLedger(kind, manyCustomers(3));
    const { context } = ledger;
    expect((await getStatus(context)).reconciliation).toBeNull();
    const { found, ...reconciliation } = await compare(context);
    expect(found).toEqual([]);
    expect(reconciliation).toEqual({
      at: '2026-01-01T00:01:00.000Z',
      durationMs: 0,
      customers: 3,
      packages: 3,
      matched: 3,
      onTheirWay: 0,
      held: 0,
      skipped: 0,
      otherTypes: 0,
      types: [],
      unseen: 0,
      departed: 0,
      otherSources: 0,
      exceptions: noExceptions,
      proven: true,
    });
    expect(await readFact(context.db, 'reconciliation')).toEqual(reconciliation);
    expect((await getStatus(context)).reconciliation).toEqual({
      at: '2026-01-01T00:01:00.000Z',
      duration_ms: 0,
      customers: 3,
      packages: 3,
      matched: 3,
      on_their_way: 0,
      held: 0,
      skipped: 0,
      other_types: 0,
      types: [],
      unseen: 0,
      departed: 0,
      other_sources: 0,
      exceptions: noExceptions,
      proven: true,
    });
  });

  it('reports customers without a package, with the reason', async () => {
    const target = fakeTarget();
    target.script(2, rejected);
    await using ledger = await aLedger(kind, customers(1, 2, 3, 5), target);
    const { context, source } = ledger;
    removePackage(target, 3);
    source.customers.splice(3, 0, aCustomer(4));
    const { found, ...counts } = await compare(context);
    expect(found).toEqual([
      { kind: 'missing', customerId: 2, detail: 'customer 2: dead, Inventory answered 410: no' },
      {
        kind: 'missing',
        customerId: 3,
        detail: expect.stringMatching(/^customer 3: delivered as package \d, which no longer exists$/),
      },
      { kind: 'missing', customerId: 4, detail: 'customer 4: not recorded by any poll yet' },
    ]);
    expect(counts).toMatchObject({ customers: 5, packages: 2, matched: 2, exceptions: { missing: 3 }, proven: false });
  });

  it('counts an unfinished delivery neither as an exception nor as proof', async () => {
    const target = fakeTarget();
    target.script(2, busy);
    await using ledger = await aLedger(kind, manyCustomers(2), target);
    const { context, source, sync } = ledger;
    await pause(context);
    source.customers.push(aCustomer(3));
    await sync.runOnce();
    source.customers.push(aCustomer(4));
    expect((await getStatus(context)).deliveries).toMatchObject({ delivered: 1, retrying: 1, pending: 1, dead: 0 });
    expect(await compare(context)).toMatchObject({
      customers: 4,
      packages: 1,
      matched: 1,
      onTheirWay: 3,
      exceptions: { missing: 0 },
      proven: false,
      found: [],
    });
  });

  it('does not report the package of a deleted customer', async () => {
    await using ledger = await aLedger(kind, manyCustomers(3));
    const { context, source } = ledger;
    source.customers.splice(1, 1);
    expect(await compare(context)).toMatchObject({
      customers: 2,
      packages: 3,
      matched: 2,
      departed: 1,
      proven: true,
      found: [],
    });
  });

  it('does not report a customer whose package is created after the packages were read', async () => {
    await using ledger = await aLedger(kind, manyCustomers(1));
    const { context, source, target, sync, clock } = ledger;
    source.customers.push(aCustomer(2));
    const during = afterReading(target, async () => {
      clock.advance(5_000);
      await sync.runOnce();
    });
    expect(await compare({ ...context, target: during })).toMatchObject({
      customers: 2,
      packages: 1,
      matched: 2,
      proven: true,
      found: [],
    });
    expect(target.packages).toHaveLength(2);
  });

  it('does not report a customer that is created after the customers were read, nor count it as deleted', async () => {
    await using ledger = await aLedger(kind, manyCustomers(1));
    const { context, source, target, sync, clock } = ledger;
    const during = beforeReading(target, async () => {
      clock.advance(5_000);
      source.customers.push(aCustomer(2));
      await sync.runOnce();
    });
    const { found, ...counts } = await compare({ ...context, target: during });
    expect(found).toEqual([]);
    expect(counts).toMatchObject({ customers: 1, packages: 2, matched: 1, departed: 0, proven: true });
  });

  it('accepts ids of any size', async () => {
    const ids = [3_000_000_000, 2 ** 52, Number.MAX_SAFE_INTEGER];
    const target = fakeTarget();
    await using ledger = await aLedger(kind, customers(...ids), target);
    const { context, sync } = ledger;
    removePackage(target, 2 ** 52);
    const { found } = await compareAndRepair(context);
    expect(found).toEqual([expect.objectContaining({ kind: 'missing', customerId: 2 ** 52 })]);
    await sync.runOnce();
    expect(await compare(context)).toMatchObject({ customers: 3, matched: 3, proven: true });
  });

  it('compares 50,000 customers and more packages in steps, and loses none between two', {
    timeout: 20_000,
  }, async () => {
    const count = 50_000;
    const without = [1, 20_000, 20_001, 40_000, 50_000];
    const target = fakeTarget();
    for (let id = count + 25_000; id >= 1; id -= 1) if (!without.includes(id)) addPackage(target, id);
    for (const id of [19_999, 40_001]) addPackage(target, id);
    const source = fakeSource(manyCustomers(count), 1_000);
    await using test = await testContext(kind, { source, target: inPages(target, 25_000) });
    await test.context.write((trx) => moveCursor(trx, count));
    const steps: CustomerKey[][] = [];
    const { found, ...counts } = await compare(test.context, {
      onMissing: async (customers) => void steps.push(customers.map(({ customerId }) => customerId)),
    });
    const idsOf = (wanted: string) => found.filter(({ kind }) => kind === wanted).map(({ customerId }) => customerId);
    expect(idsOf('missing')).toEqual(without);
    expect(idsOf('double')).toEqual([19_999, 40_001]);
    expect(idsOf('ownerless')).toEqual(Array.from({ length: 25_000 }, (_, index) => count + 1 + index));
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.flat()).toEqual(without);
    expect(counts).toMatchObject({
      customers: count,
      packages: count + 25_000 - without.length + 2,
      matched: count - without.length - 2,
      onTheirWay: 0,
      departed: 0,
      exceptions: { ...noExceptions, missing: 5, double: 2, ownerless: 25_000 },
      proven: false,
    });
  });
});
