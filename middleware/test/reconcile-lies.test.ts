import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { settle } from '../src/commands/settle.ts';
import { insertDeliveries, updateDeliveries } from '../src/db/deliveries.ts';
import type { SeenCustomer } from '../src/delivery.ts';
import { recorded } from '../src/life-cycle.ts';
import type { PackageTarget } from '../src/ports.ts';
import { summarize } from '../src/reconcile/summarize.ts';
import { watchBothSides } from '../src/reconcile/watch.ts';
import { aCustomer, fakeTarget, manyCustomers } from './fakes.ts';
import { aLedger, compare, compareAndRepair, customers, noExceptions, packed, showing } from './two-sides.ts';

const { signal } = new AbortController();
const earlier = '2026-01-01T00:00:00.000Z';
const later = '2026-01-01T00:00:30.000Z';

const aPerson = (id: number, name: string, createdAt: string | undefined = later): SeenCustomer => ({
  id,
  name,
  createdAt,
});

describe.each(databases)('a reconciliation, the ledger on %s, proves nothing', (kind) => {
  it('of a CRM that was restored from a backup and has given ids out again', async () => {
    await using ledger = await aLedger(kind, manyCustomers(6));
    const { source, target, sync, logger } = ledger;
    source.customers.splice(3, 3, aPerson(4, 'Dora'), aPerson(5, 'Emil'), aPerson(6, 'Fritz'));
    const context = { ...ledger.context, target: showing(target) };
    const result = await compare(context);
    expect(result).toMatchObject({ customers: 6, matched: 3, exceptions: { changed: 3 }, proven: false });
    expect(result.found[0]).toEqual({
      kind: 'changed',
      customerId: 4,
      detail: `customer 4: the ledger recorded Customer 4, created ${earlier}, but the CRM now shows Dora, created ${later}; package 4 bears the name Customer 4`,
    });
    expect(summarize(result)).toBe('6 customers, 6 packages: 3 whose id belonged to another person before');
    await watchBothSides(context, signal);
    await compareAndRepair(context);
    await sync.runOnce();
    const lines = logger.lines.map(({ message }) => message).filter((message) => message.includes('Dora'));
    expect(target.posts).toHaveLength(6);
    expect(lines.filter((line) => line.startsWith('reconciliation'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('deliveries are stopped'))).toHaveLength(1);
  });

  it('of a CRM in memory that was restarted, although there is a package for each customer', async () => {
    await using ledger = await aLedger(kind, manyCustomers(3));
    const { source, target } = ledger;
    source.customers.splice(0, 3, aPerson(1, 'Xenia'), aPerson(2, 'Yves'));
    expect(await compare({ ...ledger.context, target: showing(target) })).toMatchObject({
      customers: 2,
      packages: 3,
      departed: 1,
      exceptions: { ...noExceptions, changed: 2 },
      proven: false,
    });
  });

  it('of a CRM that was restarted and shows no times', async () => {
    const people = [aCustomer(1, { createdAt: undefined }), aCustomer(2, { createdAt: undefined })];
    await using ledger = await aLedger(kind, people);
    const { source, target } = ledger;
    source.customers.splice(0, 2, { ...aPerson(1, 'Xenia'), createdAt: undefined }, people[1] as SeenCustomer);
    const { found, ...result } = await compare({ ...ledger.context, target: showing(target) });
    expect(result).toMatchObject({ matched: 1, exceptions: { ...noExceptions, misnamed: 1 }, proven: false });
    expect(found).toMatchObject([
      {
        kind: 'misnamed',
        customerId: 1,
        detail: `customer 1 (Xenia) has package 1 of Customer 1, created ${packed}: renamed, or another person; without the times nobody can tell`,
      },
    ]);
  });

  it('of a package that is older than its customer, and bears another name, after the ledger was lost', async () => {
    const target = fakeTarget();
    for (const id of [1, 2]) target.make({ customerId: id, customerName: `Other ${id}`, idempotencyKey: '' });
    await using ledger = await aLedger(kind, [], target);
    const { context, source } = ledger;
    source.customers.push(aPerson(1, 'Xenia', later), aPerson(2, 'Yves', earlier));
    const { found, ...result } = await compare({ ...context, target: showing(target) });
    expect(result).toMatchObject({ matched: 1, exceptions: { ...noExceptions, misnamed: 1 }, proven: false });
    expect(found).toMatchObject([
      { detail: `customer 1 (Xenia, created ${later}) has package 1 of Other 1, created ${packed}` },
    ]);
  });

  it('of nothing, if a person has settled the delivery with a package under another name', async () => {
    await using ledger = await aLedger(kind, [aPerson(777, 'Bob', earlier)]);
    const { context, target } = ledger;
    target.packages.splice(0, 1, { id: 1, customerId: 777, name: 'Alice' });
    await context.db.updateTable('deliveries').set({ state: 'held' }).execute();
    await settle(context, 777, 1);
    expect(await compare({ ...context, target: showing(target) })).toMatchObject({ matched: 1, proven: true });
  });

  it('of two CRMs with one customer each and one package between them', async () => {
    await using ledger = await aLedger(kind, [aPerson(777, 'Bob', earlier)]);
    const { context, target } = ledger;
    target.packages.splice(0, 1, { id: 1, customerId: 777, name: 'Alice' });
    expect(await compare({ ...context, target: showing(target) })).toMatchObject({
      customers: 1,
      matched: 0,
      exceptions: { ...noExceptions, misnamed: 1 },
      proven: false,
    });
  });

  it('while deliveries are held', async () => {
    await using ledger = await aLedger(kind, customers(1, 2, 3));
    const { context, target } = ledger;
    target.packages.splice(0, 2, { id: 9, customerId: 1, name: 'Somebody' });
    const held = (customer_id: number) => ({ customer_id, state: 'held' as const });
    await context.write((trx) => updateDeliveries(trx, [1, 2].map(held)));
    const result = await compareAndRepair({ ...context, target: showing(target) });
    expect(result).toMatchObject({ matched: 1, held: 2, exceptions: noExceptions, proven: false, found: [] });
    expect(summarize(result)).toBe('3 customers, 2 packages: 2 held for a person to decide');
  });
});

describe.each(databases)('a reconciliation, the ledger on %s, is a proof', (kind) => {
  it('although customers were renamed', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, source, target } = ledger;
    source.customers[0] = aCustomer(1, { name: 'Renamed' });
    expect(await compare({ ...context, target: showing(target) })).toMatchObject({
      matched: 2,
      proven: true,
      found: [],
    });
  });

  it('although a database stores times less precisely than the CRM, and customers were renamed', async () => {
    await using ledger = await aLedger(kind, manyCustomers(1));
    const { context, source, target } = ledger;
    source.customers[0] = aCustomer(1, { name: 'Renamed', createdAt: '2026-01-01T00:00:00.900Z' });
    const shown = showing(target, '2026-01-01T00:00:00.500Z');
    expect(await compare({ ...context, target: shown })).toMatchObject({ matched: 1, proven: true, found: [] });
  });

  it('for every customer since START_FROM, and counts the others apart', async () => {
    await using ledger = await aLedger(kind, customers(2));
    const { context, source } = ledger;
    source.customers.unshift(aCustomer(1));
    const skipped = { ...recorded(aCustomer(1), earlier), state: 'skipped' as const, due_at: null };
    await context.write((trx) => insertDeliveries(trx, [skipped]));
    const result = await compareAndRepair(context);
    expect(result).toMatchObject({ customers: 2, matched: 1, skipped: 1, proven: true, found: [] });
    expect(summarize(result)).toBe(
      '2 customers, 1 package: every customer since START_FROM has exactly one, 1 skipped by START_FROM',
    );
  });

  it('although the Inventory has packages for customers of other sources', async () => {
    await using ledger = await aLedger(kind, customers(1));
    const { context, target } = ledger;
    const fetchPackages: PackageTarget['fetchPackages'] = async (after) => {
      const page = await target.fetchPackages(after);
      const others = [
        { id: 8, customerId: undefined, isOfOtherSource: true },
        { id: 9, customerId: 'paris:1' },
      ];
      return { ...page, packages: [...page.packages, ...others] };
    };
    const result = await compare({ ...context, target: { ...target, fetchPackages } });
    expect(result).toMatchObject({ packages: 1, matched: 1, otherSources: 2, proven: true, found: [] });
    expect(summarize(result)).toBe(
      '1 customer, 1 package: every customer has exactly one, 2 for customers of other sources',
    );
  });

  it('of all customers together: the counts add up', async () => {
    await using ledger = await aLedger(kind, customers(1, 2, 3, 4, 5, 7, 8));
    const { context, source, target } = ledger;
    target.packages.splice(6, 1);
    target.make({ customerId: 2, customerName: 'Customer 2', idempotencyKey: '' });
    source.customers.splice(2, 1);
    source.customers.push(aCustomer(9));
    source.customers[0] = aPerson(1, 'Xenia');
    const { found, ...result } = await compare({ ...context, target: showing(target) });
    expect(found.map(({ kind }) => kind)).toEqual(['changed', 'double', 'missing']);
    const { customers: all, matched, onTheirWay, departed, exceptions } = result;
    expect([all, matched, onTheirWay, departed]).toEqual([7, 3, 1, 1]);
    expect(matched + onTheirWay + exceptions.changed + exceptions.double + exceptions.missing).toBe(all);
    expect(summarize(result)).toBe(
      '7 customers, 7 packages: 1 without a package, 1 with more than one, 1 whose id belonged to another person before, 1 on their way, 1 of customers no longer in the CRM; the other 3 of 7 customers have exactly one',
    );
  });
});
