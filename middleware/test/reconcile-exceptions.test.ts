import { describe, expect, it } from 'vitest';
import { moveCursor } from '../src/db/cursor.ts';
import { readFact } from '../src/db/facts.ts';
import type { CustomerSource, PackagePage, PackageTarget } from '../src/ports.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { reconcile } from '../src/reconcile/reconcile.ts';
import type { ReconciliationException } from '../src/reconcile/reconciliation.ts';
import { aCustomer, busy, fakeSource, fakeTarget, listed, manyCustomers, testContext } from './fakes.ts';
import { addPackage, aLedger, compare, inPages, rejected, removePackage } from './two-sides.ts';

describe('a reconciliation', () => {
  it('is proven if there are no customers', async () => {
    await using ledger = await aLedger('sqlite', []);
    expect(await compare(ledger.context)).toMatchObject({ customers: 0, packages: 0, proven: true, found: [] });
  });

  it('replaces the previous result', async () => {
    await using ledger = await aLedger('sqlite', manyCustomers(2));
    const { context, target, clock } = ledger;
    await compare(context);
    removePackage(target, 1);
    clock.advance(1_000);
    await compare(context);
    expect((await getStatus(context)).reconciliation).toMatchObject({
      at: '2026-01-01T00:01:01.000Z',
      exceptions: { missing: 1 },
      proven: false,
    });
  });

  it('reports a customer with more than one package', async () => {
    await using ledger = await aLedger('sqlite', manyCustomers(3));
    const { context, target } = ledger;
    addPackage(target, 2);
    addPackage(target, 2);
    const { found, ...counts } = await compare(context);
    const ids = target.packages.filter(({ customerId }) => customerId === 2).map(({ id }) => id);
    expect(found).toEqual([{ kind: 'double', customerId: 2, detail: `customer 2 has the packages ${ids.join(', ')}` }]);
    expect(counts).toMatchObject({ customers: 3, packages: 5, matched: 2, exceptions: { double: 1 }, proven: false });
  });

  it('reports packages of customers that never existed in the CRM, and packages without a customer', async () => {
    await using ledger = await aLedger('sqlite', manyCustomers(1));
    const { context, target } = ledger;
    addPackage(target, 99);
    const fetchPackages = async (after: number): Promise<PackagePage> => {
      const page = await target.fetchPackages(after);
      return { ...page, packages: [...page.packages, { id: 'box', customerId: undefined }] };
    };
    const { found, ...counts } = await compare({ ...context, target: { ...target, fetchPackages } });
    expect(found).toEqual([
      { kind: 'ownerless', customerId: undefined, detail: 'package box has no valid customer id' },
      { kind: 'ownerless', customerId: 99, detail: 'package 2 is for customer 99, which never existed in the CRM' },
    ]);
    expect(counts).toMatchObject({
      customers: 1,
      packages: 3,
      matched: 1,
      exceptions: { ownerless: 2 },
      proven: false,
    });
  });

  it('reports entries without a valid customer id', async () => {
    await using ledger = await aLedger('sqlite', manyCustomers(1));
    const { context, source } = ledger;
    const unusable = [
      {
        entry: '{}',
        reason: 'an entry with no id; an id is a positive integer or a text of 1 to 100 visible characters',
      },
    ];
    const fetchPage: CustomerSource['fetchPage'] = async () => {
      return { kind: 'page', ...listed(source.customers), more: false, unusable };
    };
    const { found, ...counts } = await compare({ ...context, source: { ...source, fetchPage } });
    expect(found).toEqual([
      {
        kind: 'unusable',
        customerId: undefined,
        detail: 'an entry with no id; an id is a positive integer or a text of 1 to 100 visible characters',
      },
    ]);
    expect(counts).toMatchObject({ customers: 1, matched: 1, exceptions: { unusable: 1 }, proven: false });
  });

  it('counts packages, not the ledger: a customer with a package is served, whatever the delivery says', async () => {
    const target = fakeTarget();
    target.script(1, rejected);
    target.script(2, busy);
    await using ledger = await aLedger('sqlite', manyCustomers(2), target);
    addPackage(target, 1);
    addPackage(target, 2);
    expect(await compare(ledger.context)).toMatchObject({ matched: 2, onTheirWay: 0, proven: true, found: [] });
  });

  it('finds the same for any order of packages and any page size', async () => {
    const ids = [3, 900, 17, 4_000, 1, 250];
    const customers = ids.toSorted((a, b) => a - b).map((id) => aCustomer(id));
    const target = fakeTarget();
    for (const id of ids) addPackage(target, id);
    addPackage(target, 17);
    removePackage(target, 250);
    await using test = await testContext('sqlite', { source: fakeSource(customers, 2), target: inPages(target, 2) });
    await test.context.write((trx) => moveCursor(trx, 4_000));
    const { found, ...counts } = await compare(test.context);
    expect(found).toEqual([
      { kind: 'double', customerId: 17, detail: 'customer 17 has the packages 3, 7' },
      { kind: 'missing', customerId: 250, detail: 'customer 250: not recorded by any poll yet' },
    ]);
    expect(counts).toMatchObject({ customers: 6, packages: 6, matched: 4 });
  });

  it.each(['CRM', 'Inventory'])(
    'fails with the reason, and stores nothing, if the %s becomes unreachable halfway',
    async (who) => {
      await using ledger = await aLedger('sqlite', manyCustomers(6));
      const { context, source, target, clock } = ledger;
      await compare(context);
      const before = await readFact(context.db, 'reconciliation');
      clock.advance(1_000);
      const away = { kind: 'unavailable', reason: `${who} cannot be reached` } as const;
      const small = fakeSource(source.customers, 2);
      const fetchPage: CustomerSource['fetchPage'] = async (after) =>
        Number(after) < 4 ? small.fetchPage(after) : away;
      const paged = inPages(target, 2);
      const fetchPackages: PackageTarget['fetchPackages'] = async (after) =>
        after < 4 ? paged.fetchPackages(after) : away;
      const broken =
        who === 'CRM' ? { source: { ...source, fetchPage } } : { source: small, target: { ...target, fetchPackages } };
      const found: ReconciliationException[] = [];
      const result = await reconcile({ ...context, ...broken }, { onException: (exception) => found.push(exception) });
      expect(result).toEqual(away);
      expect(found).toEqual([]);
      expect(await readFact(context.db, 'reconciliation')).toEqual(before);
    },
  );

  it.each(['customers are read', 'packages are read', 'both are compared'])(
    'ends at once, and stores nothing, when it is aborted while %s',
    async (when) => {
      await using ledger = await aLedger('sqlite', manyCustomers(6));
      const { context, source, target } = ledger;
      removePackage(target, 6);
      const stopping = new AbortController();
      let read = 0;
      const onProgress = (count: number) => {
        read += count;
        if ((when === 'customers are read' && read >= 2) || (when === 'packages are read' && read >= 8))
          stopping.abort(new Error('stopped'));
      };
      const onException = () => stopping.abort(new Error('stopped'));
      const slow = { ...context, source: fakeSource(source.customers, 2), target: inPages(target, 2) };
      const comparison = reconcile(slow, { onException, onProgress, signal: stopping.signal });
      await expect(comparison).rejects.toThrow('stopped');
      expect(read).toBe({ 'customers are read': 2, 'packages are read': 8 }[when] ?? 11);
      expect(await readFact(context.db, 'reconciliation')).toBeUndefined();
    },
  );
});
