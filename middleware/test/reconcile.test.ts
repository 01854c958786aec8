import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { crmClient } from '../src/adapters/crm-client.ts';
import { createHttpClient } from '../src/adapters/http-client.ts';
import { inventoryLookUp } from '../src/adapters/inventory-look-up.ts';
import { pause } from '../src/commands/pause.ts';
import { repair } from '../src/commands/repair.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { moveCursor } from '../src/db/cursor.ts';
import { readFact } from '../src/db/facts.ts';
import type { SeenCustomer } from '../src/delivery.ts';
import type { CustomerSource, PackagePage, PackageTarget } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { type ReconcileOptions, reconcile } from '../src/reconcile/reconcile.ts';
import { watchBothSides } from '../src/reconcile/watch.ts';
import type { ReconciliationException } from '../src/reconciliation.ts';
import { createSync } from '../src/sync/run-once.ts';
import { aCustomer, busy, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

type Target = ReturnType<typeof fakeTarget>;
type Kind = (typeof databases)[number];

/** A ledger after a first round of deliveries, a minute ago. */
async function aLedger(kind: Kind, customers: SeenCustomer[], target: Target = fakeTarget()) {
  const source = fakeSource(customers);
  const test = await testContext(kind, { source, target });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  test.clock.advance(60_000);
  return { ...test, source, target, sync };
}

async function compare(context: MiddlewareContext, options: Partial<ReconcileOptions> = {}) {
  const found: ReconciliationException[] = [];
  const result = await reconcile(context, { onException: (exception) => found.push(exception), ...options });
  if (result.kind !== 'done') throw new Error(result.reason);
  return { ...result.reconciliation, found };
}

/** An Inventory that shows so many packages at a time. */
function inPages(target: Target, size: number): PackageTarget {
  const fetchPackages = async (after: number): Promise<PackagePage> => {
    const rest = target.packages.filter(({ id }) => Number(id) > after).slice(0, size + 1);
    const next = rest.length > size ? Number(rest[size - 1]?.id) : undefined;
    return { kind: 'page', packages: rest.slice(0, size), next };
  };
  return { ...target, fetchPackages };
}

/** Has it done once, after the packages were shown and before anybody sees them. */
function afterReading(target: Target, happens: () => unknown): PackageTarget {
  const fetchPackages = async (after: number) => {
    const page = await target.fetchPackages(after);
    await happens();
    return page;
  };
  return { ...target, fetchPackages };
}

/** Has it done before the packages are shown, when the customers have been read. */
function beforeReading(target: Target, happens: () => unknown): PackageTarget {
  const fetchPackages = async (after: number) => {
    await happens();
    return target.fetchPackages(after);
  };
  return { ...target, fetchPackages };
}

function removePackageOf(target: Target, customerId: number) {
  const index = target.packages.findIndex((made) => made.customerId === customerId);
  target.packages.splice(index, 1);
}

const addPackage = (target: Target, customerId: number) =>
  target.make({ customerId, customerName: 'somebody', idempotencyKey: '' });

const rejected = () => ({ kind: 'rejected', reason: 'Inventory answered 400: no', status: 400 }) as const;

describe.each(databases)('a comparison of both sides, the ledger on %s', (kind) => {
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
      departed: 0,
      exceptions: { missing: 0, double: 0, ownerless: 0, unusable: 0 },
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
      departed: 0,
      exceptions: { missing: 0, double: 0, ownerless: 0, unusable: 0 },
      proven: true,
    });
  });

  it('proves that nobody is without a package where there is nobody', async () => {
    await using ledger = await aLedger(kind, []);
    expect(await compare(ledger.context)).toMatchObject({ customers: 0, packages: 0, proven: true, found: [] });
  });

  it('replaces the result of the one before', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, target, clock } = ledger;
    await compare(context);
    removePackageOf(target, 1);
    clock.advance(1_000);
    await compare(context);
    expect((await getStatus(context)).reconciliation).toMatchObject({
      at: '2026-01-01T00:01:01.000Z',
      exceptions: { missing: 1 },
      proven: false,
    });
  });

  it('tells of customers without a package, and why', async () => {
    const target = fakeTarget();
    target.script(2, rejected);
    await using ledger = await aLedger(
      kind,
      [1, 2, 3, 5].map((id) => aCustomer(id)),
      target,
    );
    const { context, source } = ledger;
    removePackageOf(target, 3);
    source.customers.splice(3, 0, aCustomer(4));
    const { found, ...counts } = await compare(context);
    expect(found).toEqual([
      { kind: 'missing', customerId: 2, detail: 'customer 2: dead, Inventory answered 400: no' },
      {
        kind: 'missing',
        customerId: 3,
        detail: expect.stringMatching(/^customer 3: delivered as package \d, which the Inventory has no more$/),
      },
      { kind: 'missing', customerId: 4, detail: 'customer 4 was never seen by a poll' },
    ]);
    expect(counts).toMatchObject({ customers: 5, packages: 2, matched: 2, exceptions: { missing: 3 }, proven: false });
  });

  it('tells of a customer with more than one package', async () => {
    await using ledger = await aLedger(kind, manyCustomers(3));
    const { context, target } = ledger;
    addPackage(target, 2);
    addPackage(target, 2);
    const { found, ...counts } = await compare(context);
    const ids = target.packages.filter(({ customerId }) => customerId === 2).map(({ id }) => id);
    expect(found).toEqual([{ kind: 'double', customerId: 2, detail: `customer 2 has the packages ${ids.join(', ')}` }]);
    expect(counts).toMatchObject({ customers: 3, packages: 5, matched: 2, exceptions: { double: 1 }, proven: false });
  });

  it('tells of packages for customers whom the CRM never had, and of those for nobody', async () => {
    await using ledger = await aLedger(kind, manyCustomers(1));
    const { context, target } = ledger;
    addPackage(target, 99);
    const fetchPackages = async (after: number): Promise<PackagePage> => {
      const page = await target.fetchPackages(after);
      return { ...page, packages: [...page.packages, { id: 'box', customerId: undefined }] };
    };
    const { found, ...counts } = await compare({ ...context, target: { ...target, fetchPackages } });
    expect(found).toEqual([
      { kind: 'ownerless', customerId: undefined, detail: 'package box names no customer' },
      { kind: 'ownerless', customerId: 99, detail: 'package 2 is for customer 99, whom the CRM never had' },
    ]);
    expect(counts).toMatchObject({
      customers: 1,
      packages: 3,
      matched: 1,
      exceptions: { ownerless: 2 },
      proven: false,
    });
  });

  it('tells of entries that name no customer', async () => {
    await using ledger = await aLedger(kind, manyCustomers(1));
    const { context, source } = ledger;
    const unusable = [{ entry: '{}', reason: 'an entry with no id; ids are positive integers' }];
    const fetchPage: CustomerSource['fetchPage'] = async () => {
      return { kind: 'page', customers: source.customers, more: false, unusable };
    };
    const { found, ...counts } = await compare({ ...context, source: { ...source, fetchPage } });
    expect(found).toEqual([
      { kind: 'unusable', customerId: undefined, detail: 'an entry with no id; ids are positive integers' },
    ]);
    expect(counts).toMatchObject({ customers: 1, matched: 1, exceptions: { unusable: 1 }, proven: false });
  });

  it('takes who is on their way for no exception, but for no proof either', async () => {
    const target = fakeTarget();
    target.script(2, busy);
    await using ledger = await aLedger(kind, manyCustomers(2), target);
    const { context, source, sync } = ledger;
    await pause(context);
    source.customers.push(aCustomer(3));
    await sync.runOnce();
    source.customers.push(aCustomer(4));
    expect((await getStatus(context)).deliveries).toEqual({ delivered: 1, retrying: 1, pending: 1, dead: 0 });
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

  it('counts the package and not the ledger: who has one is served, whatever became of the delivery', async () => {
    const target = fakeTarget();
    target.script(1, rejected);
    target.script(2, busy);
    await using ledger = await aLedger(kind, manyCustomers(2), target);
    addPackage(target, 1);
    addPackage(target, 2);
    expect(await compare(ledger.context)).toMatchObject({ matched: 2, onTheirWay: 0, proven: true, found: [] });
  });

  it('takes the package of a customer who has left for no exception', async () => {
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

  it('takes a package that is made when the packages have been read for no exception', async () => {
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

  it('takes a customer who comes when the customers have been read for no exception, nor for one who has left', async () => {
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

  it('finds the same in whatever order the packages were made, and in pages of whatever size', async () => {
    const ids = [3, 900, 17, 4_000, 1, 250];
    const customers = ids.toSorted((a, b) => a - b).map((id) => aCustomer(id));
    const target = fakeTarget();
    for (const id of ids) addPackage(target, id);
    addPackage(target, 17);
    removePackageOf(target, 250);
    await using test = await testContext(kind, { source: fakeSource(customers, 2), target: inPages(target, 2) });
    await test.context.write((trx) => moveCursor(trx, 4_000));
    const { found, ...counts } = await compare(test.context);
    expect(found).toEqual([
      { kind: 'missing', customerId: 250, detail: 'customer 250 was never seen by a poll' },
      { kind: 'double', customerId: 17, detail: 'customer 17 has the packages 3, 7' },
    ]);
    expect(counts).toMatchObject({ customers: 6, packages: 6, matched: 4 });
  });

  it('takes ids of any size', async () => {
    const ids = [3_000_000_000, 2 ** 52, Number.MAX_SAFE_INTEGER];
    const target = fakeTarget();
    await using ledger = await aLedger(
      kind,
      ids.map((id) => aCustomer(id)),
      target,
    );
    const { context, sync } = ledger;
    removePackageOf(target, 2 ** 52);
    const onMissing: ReconcileOptions['onMissing'] = (customers) =>
      repair(
        context,
        customers.map(({ customerId }) => customerId),
      );
    const { found } = await compare(context, { onMissing });
    expect(found).toEqual([expect.objectContaining({ kind: 'missing', customerId: 2 ** 52 })]);
    await sync.runOnce();
    expect(await compare(context)).toMatchObject({ customers: 3, matched: 3, proven: true });
  });

  it('goes through 50,000 customers and more packages in steps, and none is lost between two', {
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
    const steps: number[][] = [];
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
      exceptions: { missing: 5, double: 2, ownerless: 25_000, unusable: 0 },
      proven: false,
    });
  });

  it.each(['CRM', 'Inventory'])(
    'comes to nothing, and stores nothing, where the %s goes away in the middle',
    async (who) => {
      await using ledger = await aLedger(kind, manyCustomers(6));
      const { context, source, target, clock } = ledger;
      await compare(context);
      const before = await readFact(context.db, 'reconciliation');
      clock.advance(1_000);
      const away = { kind: 'unavailable', reason: `${who} cannot be reached` } as const;
      const small = fakeSource(source.customers, 2);
      const fetchPage: CustomerSource['fetchPage'] = async (after) => (after < 4 ? small.fetchPage(after) : away);
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
    'ends at once, and stores nothing, when it is told to stop while %s',
    async (when) => {
      await using ledger = await aLedger(kind, manyCustomers(6));
      const { context, source, target } = ledger;
      removePackageOf(target, 6);
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

describe.each(databases)('a repair, the ledger on %s', (kind) => {
  it('has a package delivered to everybody without one, and exactly one, which the next comparison proves', async () => {
    const target = fakeTarget();
    target.script(2, rejected);
    await using ledger = await aLedger(
      kind,
      [1, 2, 3, 5].map((id) => aCustomer(id)),
      target,
    );
    const { context, source, sync } = ledger;
    removePackageOf(target, 3);
    source.customers.splice(1, 3, ...[2, 3, 4, 5].map((id) => aCustomer(id, { name: `Renamed ${id}` })));
    const missing: number[] = [];
    await compare(context, {
      async onMissing(customers) {
        missing.push(...customers.map(({ customerId }) => customerId));
        await repair(context, missing);
      },
    });
    expect(missing).toEqual([2, 3, 4]);
    const due = await context.db
      .selectFrom('deliveries')
      .select(['customer_id', 'stale', 'in_doubt', 'due_at', 'waits_used'])
      .where('state', '=', 'pending')
      .orderBy('customer_id')
      .execute();
    const doubtful = { stale: 1, in_doubt: 1, due_at: '2026-01-01T00:01:00.000Z', waits_used: 0 };
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

  it('gives nobody a second package, however often it is made', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, target, sync } = ledger;
    await repair(context, [1, 2]);
    await repair(context, [1, 2]);
    await sync.runOnce();
    expect(target.posts).toHaveLength(2);
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(await compare(context)).toMatchObject({ packages: 2, proven: true });
  });

  it('takes more customers than one transaction does', async () => {
    const target = fakeTarget();
    const source = fakeSource(manyCustomers(1_100));
    await using test = await testContext(kind, { source, target, concurrency: 64 });
    const { context } = test;
    await context.write((trx) => moveCursor(trx, 1_100));
    await compare(context, {
      onMissing: (customers) =>
        repair(
          context,
          customers.map(({ customerId }) => customerId),
        ),
    });
    expect((await getStatus(context)).deliveries.pending).toBe(1_100);
    await createSync(context, owner).runOnce();
    expect(target.posts).toHaveLength(1_100);
    expect(await compare(context)).toMatchObject({ matched: 1_100, proven: true });
  });

  it('ends with a dead delivery for a customer who has left meanwhile', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, source, target, sync } = ledger;
    removePackageOf(target, 2);
    await compare(context, {
      onMissing: (customers) =>
        repair(
          context,
          customers.map(({ customerId }) => customerId),
        ),
    });
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

describe.each(databases)("the daemon's own comparison, the ledger on %s", (kind) => {
  const { signal } = new AbortController();

  it('records whom no poll has seen, and leaves the rest to a person', async () => {
    const target = fakeTarget();
    target.script(2, rejected);
    await using ledger = await aLedger(
      kind,
      [1, 2, 3, 5].map((id) => aCustomer(id)),
      target,
    );
    const { context, source, sync } = ledger;
    removePackageOf(target, 3);
    source.customers.splice(3, 0, aCustomer(4));
    await watchBothSides(context, signal);
    await sync.runOnce();
    expect(target.packages.map(({ customerId }) => customerId).sort()).toEqual([1, 4, 5]);
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'dead', attempts: 1 });
    expect(await getDelivery(context, 3)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('tells of no more than ten, and of how many there are', async () => {
    await using ledger = await aLedger(kind, manyCustomers(12));
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

  it('tells in one line that all is well', async () => {
    await using ledger = await aLedger(kind, manyCustomers(2));
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
    ['is away', async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) as const],
    ['fails in a way nobody thought of', () => Promise.reject(new Error('CRM cannot be reached'))],
  ])('is survived where a side %s', async (_how, fetchPage) => {
    await using ledger = await aLedger(kind, manyCustomers(2));
    const { context, source, logger } = ledger;
    await watchBothSides({ ...context, source: { ...source, fetchPage } }, signal);
    expect(logger.lines.at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/^reconciliation.*CRM cannot be reached$/),
    });
    expect(await readFact(context.db, 'reconciliation')).toBeUndefined();
  });
});

describe('a comparison over HTTP', () => {
  afterEach(() => nock.cleanAll());

  const baseUrl = 'http://both.test';
  const http = () => createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 2, token: async () => 'token' });
  const source = () => crmClient(http(), 500);
  const target = (): PackageTarget => ({ ...fakeTarget(), ...inventoryLookUp(http(), 'welcome_pack_v1') });
  const list = (path: string, entries: unknown[], headers = {}) =>
    nock(baseUrl).persist().get(path).query(true).reply(200, entries, headers);
  const packageOf = (id: number | string, customerId: number | string, packageType = 'welcome_pack_v1') => {
    return { id, customerId, packageType };
  };

  it('reads a CRM once that shows its whole list each time', async () => {
    const customers = manyCustomers(1_200).toReversed();
    list('/customers', [...customers, { name: 'Nobody' }]);
    list('/packages', customers.map(({ id }) => packageOf(id + 5_000, id)).slice(0, 900));
    await using test = await testContext('sqlite', { source: source(), target: target() });
    await test.context.write((trx) => moveCursor(trx, 1_200));
    const { found, ...counts } = await compare(test.context);
    expect(counts).toMatchObject({ customers: 1_200, packages: 900, matched: 900 });
    expect(counts.exceptions).toEqual({ missing: 300, double: 0, ownerless: 0, unusable: 1 });
    expect(found).toHaveLength(301);
  });

  it('reads an Inventory once that shows its whole list each time', async () => {
    const customers = manyCustomers(1_500);
    list('/customers', customers);
    list(
      '/packages',
      customers.map(({ id }) => packageOf(id + 5_000, id)),
    );
    await using test = await testContext('sqlite', { source: source(), target: target() });
    expect(await compare(test.context)).toMatchObject({ customers: 1_500, packages: 1_500, proven: true, found: [] });
  });

  it('takes package ids and customer ids that are text, and the older names of fields', async () => {
    list('/customers', [
      { id: '1', name: 'Alice' },
      { id: 2, name: 'Bob' },
    ]);
    list('/packages', [
      packageOf('pkg_b', '2'),
      { id: 'pkg_a', customer_id: 1, package_type: 'welcome_pack_v1' },
      packageOf('pkg_c', 2),
    ]);
    await using test = await testContext('sqlite', { source: source(), target: target() });
    const { found, ...counts } = await compare(test.context);
    expect(found).toEqual([{ kind: 'double', customerId: 2, detail: 'customer 2 has the packages pkg_b, pkg_c' }]);
    expect(counts).toMatchObject({ customers: 2, packages: 3, matched: 1 });
  });

  it('counts packages of its own type alone', async () => {
    list('/customers', manyCustomers(1));
    list('/packages', [packageOf(1, 1), packageOf(2, 1, 'birthday'), packageOf(3, 77, 'birthday')]);
    await using test = await testContext('sqlite', { source: source(), target: target() });
    expect(await compare(test.context)).toMatchObject({ packages: 1, matched: 1, proven: true, found: [] });
  });

  it.each([
    [
      'goes on in pages without numbers',
      200,
      [packageOf('pkg_a', 1)],
      'the Inventory lists packages in pages without numbers',
    ],
    ['lists nothing', 404, {}, 'the Inventory does not list its packages'],
    ['answers with something else', 200, {}, 'the Inventory does not list its packages'],
    ['is busy', 503, {}, 'Inventory answered 503'],
  ])('cannot be made where the Inventory %s', async (_how, status, body, reason) => {
    list('/customers', manyCustomers(1));
    nock(baseUrl).get('/packages').query(true).reply(status, body, { Link: '</packages?after=1>; rel="next"' });
    await using test = await testContext('sqlite', { source: source(), target: target() });
    const result = await reconcile(test.context, { onException: () => undefined });
    expect(result).toEqual({ kind: 'unavailable', reason });
  });
});
