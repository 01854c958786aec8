import { StartError } from '@doorstep/kit/errors.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { pause, resume } from '../src/commands/pause.ts';
import { claimDue, freeInterrupted } from '../src/db/claims.ts';
import { findUnreported } from '../src/db/reports.ts';
import type { Retry } from '../src/delivery.ts';
import type { CustomerSource } from '../src/ports.ts';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, listed, owner, testContext, unanswered } from './fakes.ts';

const many = (count: number) => Array.from({ length: count }, (_, index) => aCustomer(index + 1));

describe.each(databases)('the work, its ledger on %s', (kind) => {
  it('requests one package for each customer and tells the CRM', async () => {
    const source = fakeSource(many(3));
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

  it('asks page after page until none is left, and the next time only for what is new', async () => {
    const source = fakeSource(many(25), 10);
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(source.asked).toEqual([0, 10, 20]);
    expect(target.packages).toHaveLength(25);
    source.customers.push(aCustomer(26));
    await sync.runOnce();
    expect(source.asked).toEqual([0, 10, 20, 25]);
    expect(target.packages).toHaveLength(26);
  });

  it('never polls twice at once: a second poll joins the first', async () => {
    const source = fakeSource(many(1));
    const answers: (() => void)[] = [];
    const slow = {
      ...source,
      async fetchPage(after: number) {
        await new Promise<void>((resolve) => answers.push(resolve));
        return source.fetchPage(after);
      },
    };
    await using test = await testContext(kind, { source: slow });
    const sync = createSync(test.context, owner);
    const polls = [sync.poll(), sync.poll()];
    await eventually(() => answers.length > 0);
    for (const answer of answers) answer();
    await Promise.all(polls);
    expect(source.asked).toEqual([0]);
    await sync.settle();
  });

  it('sees nobody twice where a CRM answers with its whole list each time', async () => {
    const everyone = many(1_200);
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

  it('comes back on schedule, gives up after the last wait and keeps every attempt', async () => {
    const source = fakeSource(many(2));
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

  it('gives up at once on a customer that the Inventory refuses, and goes on with the others', async () => {
    const target = fakeTarget();
    target.script(1, () => ({ kind: 'rejected', reason: 'Inventory answered 400: no', status: 400 }));
    await using test = await testContext(kind, { source: fakeSource(many(3)), target });
    await createSync(test.context, owner).runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'dead', error: 'Inventory answered 400: no' });
    expect(target.packages.map(({ customerId }) => customerId).sort()).toEqual([2, 3]);
  });

  it('looks before it posts again where no answer came', async () => {
    const target = fakeTarget();
    target.script(1, () => {
      target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
      return unanswered();
    });
    await using test = await testContext(kind, { source: fakeSource(many(1)), target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    test.clock.advance(5_000);
    await sync.runOnce();
    expect(target.finds).toEqual([1]);
    expect(target.packages).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('looks before each further post too, for what was posted first may take effect late', async () => {
    const target = fakeTarget();
    const refusedForNow = () => ({ ...busy(), status: 429, inDoubt: false }) as Retry;
    target.script(1, unanswered, refusedForNow);
    await using test = await testContext(kind, { source: fakeSource(many(1)), target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    test.clock.advance(5_000);
    await sync.runOnce();
    expect(target.posts).toHaveLength(2);
    target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
    test.clock.advance(30_000);
    await sync.runOnce();
    expect(target.finds).toEqual([1, 1]);
    expect(target.packages).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('takes the package that a conflict speaks of, and where there is none what the answer means otherwise', async () => {
    const target = fakeTarget();
    const refused = { kind: 'rejected', reason: 'answered 422', status: 422 } as const;
    target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
    target.script(1, () => ({ kind: 'conflict', otherwise: refused }));
    target.script(2, () => ({ kind: 'conflict', otherwise: refused }));
    await using test = await testContext(kind, { source: fakeSource(many(2)), target });
    await createSync(test.context, owner).runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(await getDelivery(test.context, 2)).toMatchObject({ state: 'dead', error: 'answered 422' });
  });

  it('delivers whom it knows already after a restart, however long the CRM takes to answer', async () => {
    const source = fakeSource(many(2));
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    await pause(test.context);
    await createSync(test.context, owner).runOnce();
    await resume(test.context);
    test.context.source = { ...source, fetchPage: () => new Promise(() => undefined) };
    void createSync(test.context, owner).poll();
    await eventually(() => target.packages.length === 2);
  });

  it('takes up at once what was interrupted before a clock was set back', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(many(1)), target });
    const { context, clock } = test;
    await pause(context);
    await createSync(context, owner).runOnce(); // recorded, not delivered
    await resume(context);
    const now = clock.now().toISOString();
    await context.write((trx) => claimDue(trx, { now, claimsMax: 1, groupMax: 0, groupMin: 50 }));
    clock.advance(-86_400_000);
    await createSync(context, owner).settle();
    expect(target.packages).toHaveLength(1);
  });

  it('delivers what a clock that was set back has left in the future', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    await using test = await testContext(kind, { source: fakeSource(many(1)), target });
    const { context, clock } = test;
    await pause(context);
    await createSync(context, owner).runOnce(); // recorded, not delivered
    clock.advance(-3_600_000);
    await resume(context);
    await createSync(context, owner).runOnce();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'retrying' });
    clock.advance(-86_400_000);
    await createSync(context, owner).runOnce();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('keeps nobody waiting longer because a clock that was ahead by less than the longest wait is set right', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    await using test = await testContext(kind, { source: fakeSource(many(1)), target });
    const { context, clock } = test;
    await createSync(context, owner).runOnce();
    clock.advance(-30_000);
    await createSync(context, owner).runOnce();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'retrying' });
    clock.advance(-20 * 60_000);
    await createSync(context, owner).runOnce();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('looks first after a crash between claim and answer, which uses up nothing of the schedule', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(many(2)), target });
    target.script(1, () => new Promise(() => {}), busy);
    const crashed = createSync(test.context, owner);
    await crashed.poll();
    await eventually(() => target.posts.length === 2);
    target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
    const restarted = createSync(test.context, owner);
    await restarted.runOnce();
    expect(target.packages.filter(({ customerId }) => customerId === 1)).toHaveLength(1);
    const delivery = await getDelivery(test.context, 1);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(delivery.history.map(({ error }) => error)).toEqual(['interrupted before an answer was recorded', null]);
  });

  it('posts once when the ledger cannot be written after the answer', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(many(1)), target });
    let fail = false;
    target.script(1, () => {
      fail = true;
      return undefined;
    });
    const { write } = test.context;
    test.context.write = Object.assign(write.bind(undefined), {
      together: (...args: Parameters<typeof write.together>) => {
        if (!fail) return write.together(...args);
        fail = false;
        return Promise.reject(new Error('disk full'));
      },
    }) as typeof write;
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(test.logger.lines.some(({ message }) => message.includes('the ledger cannot be used: disk full'))).toBe(
      true,
    );
    await sync.runOnce();
    expect(target.packages).toHaveLength(1);
    expect(target.posts).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('never has more under way than it may, and does not wait for the slowest', async () => {
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
    const source = fakeSource(many(40));
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

  it('finishes what is under way when it is stopped, and claims nothing more', async () => {
    const target = fakeTarget();
    let release = () => {};
    target.script(1, async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return undefined;
    });
    await using test = await testContext(kind, { source: fakeSource(many(3)), target, concurrency: 1 });
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

  it('wakes by itself when a retry is due, however seldom it polls', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
    await using test = await testContext(kind, { source: fakeSource(many(1)), target, clock, waitsMs: [50] });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await eventually(() => target.packages.length === 1);
    await sync.stop();
  });

  it('does nothing while another process owns the ledger', async () => {
    const source = fakeSource(many(1));
    await using test = await testContext(kind, { source });
    const sync = createSync(test.context, async () => {
      throw new StartError('Another daemon works on this ledger already');
    });
    await sync.poll();
    expect(source.asked).toEqual([]);
    expect(sync.lastPoll()).toMatchObject({ outcome: 'failed', seen: 0 });
  });
});

describe.each(databases)('reports, their ledger on %s', (kind) => {
  it('wait for a CRM that is away, over a restart too', async () => {
    const source = fakeSource(many(2));
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

  it('go in groups of at most 500', async () => {
    const source = fakeSource(many(1_100));
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

  it('are not offered again to a CRM that takes none', async () => {
    const source = fakeSource(many(1));
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

  it('go on once a CRM is back that answered for a while as if it had no route at all', async () => {
    const source = fakeSource(many(1));
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

  it.each([
    ['the state changed', { state: 'dead', error: 'changed' }, { state: 'failed', error: 'changed' }],
    ['a replay came to the same end', { attempts: 2, package_id: '7' }, { state: 'delivered', package_id: 7 }],
  ] as const)('are sent again where %s while one was under way', async (_what, change, told) => {
    const source = fakeSource(many(1));
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

describe.each(databases)('claims on %s', (kind) => {
  it('take the longest waiting first, and never one that is under way', async () => {
    await using test = await testContext(kind, { source: fakeSource(many(5)) });
    await pause(test.context);
    await createSync(test.context, owner).runOnce();
    const now = test.context.clock.now().toISOString();
    const { write } = test.context;
    const options = { now, claimsMax: 2, groupMax: 0, groupMin: 50 };
    const claim = async () => (await write((trx) => claimDue(trx, options))).deliveries;
    const first = await claim();
    expect(first.map(({ customerId, beforePost }) => [customerId, beforePost])).toEqual([
      [1, 'nothing'],
      [2, 'nothing'],
    ]);
    const second = await claim();
    expect(second.map(({ customerId }) => customerId)).toEqual([3, 4]);
    await write(freeInterrupted);
    const again = await claim();
    expect(again.map(({ customerId, beforePost }) => [customerId, beforePost])).toEqual([
      [1, 'look'],
      [2, 'look'],
    ]);
  });
});
