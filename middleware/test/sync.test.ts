import { StartError } from '@doorstep/kit/errors.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, listed, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('sync, its ledger on %s', (kind) => {
  it('requests one package for each customer and reports it to the CRM', async () => {
    const source = fakeSource(manyCustomers(3));
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    await createSync(test.context, owner).runOnce();
    expect(target.packages.map(({ customerId, name }) => [customerId, name]).sort()).toEqual([
      [1, 'Customer 1'],
      [2, 'Customer 2'],
      [3, 'Customer 3'],
    ]);
    expect(target.posts[0]?.idempotencyKey).toBe('welcome-1');
    expect(source.reports.flat().map(({ customer_id, state }) => [customer_id, state])).toEqual([
      [1, 'delivered'],
      [2, 'delivered'],
      [3, 'delivered'],
    ]);
    expect(await ledgerSummary(test.context)).toMatchObject({ cursor: 3, deliveries: { delivered: 3, pending: 0 } });
  });

  it('reads page by page to the end, and the next time only new customers', async () => {
    const source = fakeSource(manyCustomers(25), 10);
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(source.asked).toEqual([0, 10, 20, 25]);
    expect(target.packages).toHaveLength(25);
    source.customers.push(aCustomer(26));
    await sync.runOnce();
    expect(source.asked).toEqual([0, 10, 20, 25, 24]);
    expect(target.packages).toHaveLength(26);
  });

  it('never polls twice at once: a second poll joins the first', async () => {
    const source = fakeSource(manyCustomers(1));
    const answers: (() => void)[] = [];
    const slow = {
      ...source,
      async fetchPage(after: number) {
        if (answers.length === 0) await new Promise<void>((resolve) => answers.push(resolve));
        return source.fetchPage(after);
      },
    };
    await using test = await testContext(kind, { source: slow });
    const sync = createSync(test.context, owner);
    const polls = [sync.poll(), sync.poll()];
    await eventually(() => answers.length > 0);
    for (const answer of answers) answer();
    await Promise.all(polls);
    expect(source.asked).toEqual([0, 1]);
    await sync.settle();
  });

  it('sees no customer twice if the CRM always returns its whole list', async () => {
    const everyone = manyCustomers(1_200);
    const source = {
      ...fakeSource([]),
      fetchPage: async () => ({ kind: 'page' as const, ...listed(everyone), more: true, unusable: [] }),
    };
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target, concurrency: 64 });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(target.posts).toHaveLength(1_200);
  });

  it('moves the cursor and adds the deliveries together or not at all', async () => {
    const source = fakeSource([aCustomer(1), aCustomer(2, { name: null as unknown as string })]);
    await using test = await testContext(kind, { source });
    await createSync(test.context, owner).runOnce();
    expect(await ledgerSummary(test.context)).toMatchObject({ cursor: 0, deliveries: { pending: 0, delivered: 0 } });
    expect(await listDeliveries(test.context, { after: 0, limit: 10 })).toEqual([]);
  });

  it('retries on schedule, gives up after the last wait and keeps every attempt', async () => {
    const source = fakeSource(manyCustomers(2));
    const target = fakeTarget();
    target.script(1, busy, busy, busy);
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({
      state: 'retrying',
      attempts: 1,
      error: 'answered 503',
      next_attempt_at: '2026-01-01T00:00:05.000Z',
    });
    await sync.runOnce();
    expect(target.posts).toHaveLength(2); // one each: the wait is not over
    test.clock.advance(5_000);
    await sync.runOnce();
    test.clock.advance(30_000);
    await sync.runOnce();
    const delivery = await getDelivery(test.context, 1);
    expect(delivery).toMatchObject({
      state: 'dead',
      attempts: 3,
      error: 'given up after 3 attempts: answered 503',
      next_attempt_at: null,
    });
    expect(delivery.history.map(({ status, error, next_attempt_at }) => ({ status, error, next_attempt_at }))).toEqual([
      { status: 503, error: 'answered 503', next_attempt_at: '2026-01-01T00:00:05.000Z' },
      { status: 503, error: 'answered 503', next_attempt_at: '2026-01-01T00:00:35.000Z' },
      { status: 503, error: 'answered 503', next_attempt_at: null },
    ]);
    expect(source.reports.flat().find(({ customer_id }) => customer_id === 1)).toMatchObject({
      state: 'failed',
      attempts: 3,
      error: 'given up after 3 attempts: answered 503',
    });
    expect(await getDelivery(test.context, 2)).toMatchObject({ state: 'delivered' });
  });

  it('gives up at once on a customer that the Inventory rejects, and continues with the others', async () => {
    const target = fakeTarget();
    target.script(1, () => ({ kind: 'rejected', reason: 'Inventory answered 410: no', status: 410 }));
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(3)), target });
    await createSync(test.context, owner).runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'dead', error: 'Inventory answered 410: no' });
    expect(target.packages.map(({ customerId }) => customerId).sort()).toEqual([2, 3]);
  });

  it('never exceeds its concurrency, and does not wait for the slowest delivery', async () => {
    const target = fakeTarget();
    let underWay = 0;
    let highest = 0;
    let release = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    const counted = {
      ...target,
      async create(request: Parameters<typeof target.create>[0]) {
        underWay += 1;
        highest = Math.max(highest, underWay);
        if (request.customerId === 1) await stuck;
        else await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return target.make(request);
      },
    };
    const source = fakeSource(manyCustomers(40));
    await using test = await testContext(kind, { source, target: counted });
    const sync = createSync(test.context, owner);
    await sync.poll();
    await eventually(() => target.packages.length === 39);
    source.customers.push(aCustomer(41));
    await sync.poll();
    await eventually(() => target.packages.some(({ customerId }) => customerId === 41));
    release();
    await sync.settle();
    expect(target.packages).toHaveLength(41);
    expect(highest).toBe(4);
  });

  it('finishes deliveries in progress when it is stopped, and claims nothing more', async () => {
    const target = fakeTarget();
    let release = () => {};
    target.script(1, async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return undefined;
    });
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(3)), target, concurrency: 1 });
    const sync = createSync(test.context, owner);
    await sync.poll();
    await eventually(() => target.posts.length === 1);
    const stopped = sync.stop();
    release();
    await stopped;
    expect(target.posts).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered' });
    expect(await getDelivery(test.context, 2)).toMatchObject({ state: 'pending' });
  });

  it('wakes up when a retry is due, however seldom it polls', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target, clock, waitsMs: [50] });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await eventually(() => target.packages.length === 1);
    await sync.stop();
  });

  it('does nothing while another process owns the ledger', async () => {
    const source = fakeSource(manyCustomers(1));
    await using test = await testContext(kind, { source });
    const sync = createSync(test.context, async () => {
      throw new StartError('Another daemon already uses this ledger');
    });
    await sync.poll();
    expect(source.asked).toEqual([]);
    expect(sync.lastPoll()).toMatchObject({ outcome: 'failed', seen: 0 });
  });
});
