import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aHeldTarget, anOutage, hourMs, idsOf, ledger, packagesOf } from './an-outage.ts';
import { aCustomer, busy, fakeSource, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('an outage of the Inventory, the ledger on %s', (kind) => {
  it('costs one call per poll, however many deliveries wait', async () => {
    await using outage = await anOutage(kind, 200);
    const [first, ...later] = await outage.polls(12);
    expect(first).toBeLessThanOrEqual(8);
    expect(later).toEqual(Array(11).fill(1));
    expect(outage.sync.breaker()).toBe('open');
  });

  it('costs no call between polls', async () => {
    await using outage = await anOutage(kind, 20);
    await outage.polls(1);
    outage.target.posts.length = 0;
    for (let time = 0; time < 3; time += 1) await outage.sync.settle();
    expect(outage.target.posts).toHaveLength(0);
  });

  it('consumes no retry budget though the clock is set back before it begins', async () => {
    await using outage = await anOutage(kind, 1);
    outage.target.answerEverybody(() => undefined);
    await outage.polls(1);
    outage.clock.set(-72 * hourMs);
    outage.source.customers.push(...manyCustomers(10).slice(1));
    outage.target.answerEverybody(busy);
    await outage.polls(20);
    expect(outage.sync.breaker()).toBe('open');
    const waits = (await ledger(outage.context)).map(({ waits_used }) => waits_used);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1);
  });

  it('consumes no retry budget though the clock is set forward during it', async () => {
    await using outage = await anOutage(kind, 1);
    outage.target.answerEverybody(() => undefined);
    await outage.polls(1);
    outage.source.customers.push(...manyCustomers(10).slice(1));
    outage.target.answerEverybody(busy);
    await outage.polls(2);
    expect(outage.sync.breaker()).toBe('open');
    outage.clock.set(72 * hourMs);
    await outage.polls(20);
    const waits = (await ledger(outage.context)).map(({ waits_used }) => waits_used);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1);
  });

  it('consumes no retry budget though it lasts for more polls than the retry schedule has waits', async () => {
    await using outage = await anOutage(kind, 20);
    await outage.polls(1);
    const before = await ledger(outage.context);
    await outage.polls(60);
    const after = await ledger(outage.context);
    expect(after.map((row) => row.waits_used)).toEqual(before.map((row) => row.waits_used));
    expect(after.filter((row) => row.waits_used > 0).length).toBeLessThan(5);
    expect(after.filter((row) => row.state === 'dead')).toEqual([]);
    const now = outage.clock.now().toISOString();
    expect(after.filter((row) => row.due_at === null || row.due_at > now)).toEqual([]);
  });

  it('does not stop polls, and new customers wait without an attempt', async () => {
    await using outage = await anOutage(kind, 20);
    await outage.polls(2);
    outage.source.customers.push(aCustomer(21));
    await outage.polls(1);
    expect(await getDelivery(outage.context, 21)).toMatchObject({ state: 'pending', attempts: 0 });
    expect((await ledgerSummary(outage.context)).cursor).toBe(21);
  });

  it('is probed, and ends, while the CRM is unavailable too', async () => {
    await using outage = await anOutage(kind, 20);
    await outage.polls(1);
    outage.context.source = {
      ...outage.source,
      fetchPage: async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }),
    };
    expect(await outage.polls(2)).toEqual([1, 1]);
    outage.target.answerEverybody(undefined);
    await outage.polls(1);
    expect(packagesOf(outage.target)).toEqual(idsOf(20));
  });

  it('ends with every delivery made at once, even if its next attempt was hours away', async () => {
    await using outage = await anOutage(kind, 120, { waitsMs: [hourMs, hourMs] });
    await outage.polls(1);
    const inAnHour = new Date(outage.clock.now().getTime() + hourMs).toISOString();
    expect((await ledger(outage.context)).filter((row) => row.due_at === inAnHour).length).toBeGreaterThan(0);
    await outage.polls(3);
    outage.target.answerEverybody(undefined);
    await outage.polls(1);
    expect(outage.sync.breaker()).toBe('closed');
    expect(packagesOf(outage.target)).toEqual(idsOf(120));
    expect(await ledgerSummary(outage.context)).toMatchObject({ deliveries: { delivered: 120, retrying: 0 } });
  });

  it('does not change deliveries that already waited for another reason', async () => {
    await using outage = await anOutage(kind, 1, { waitsMs: [hourMs] });
    await outage.polls(1);
    outage.target.answerEverybody(undefined);
    outage.source.customers.push(aCustomer(2));
    await outage.polls(1);
    outage.target.answerEverybody(busy);
    outage.source.customers.push(...manyCustomers(20).slice(2));
    await outage.polls(1);
    expect(outage.sync.breaker()).toBe('open');
    outage.target.answerEverybody(undefined);
    await outage.polls(1);
    expect(packagesOf(outage.target)).toEqual(idsOf(20).slice(1));
  });

  it('is logged when it begins and when it ends, and is shown by a metric', async () => {
    await using outage = await anOutage(kind, 20);
    const { breakerOpen } = outage.context.metrics;
    await outage.polls(10);
    expect((await breakerOpen.get()).values).toMatchObject([{ value: 1 }]);
    outage.target.answerEverybody(undefined);
    await outage.polls(1);
    expect((await breakerOpen.get()).values).toMatchObject([{ value: 0 }]);
    expect(outage.logger.lines.map(({ message }) => message).filter((line) => line.includes('the breaker is'))).toEqual(
      [
        'answered 503; the breaker is open: one probe per poll, and no other attempts',
        'the breaker is closed: the Inventory answers again after 50 s',
      ],
    );
  });

  it('is not probed before the time that the Inventory asks for', async () => {
    await using outage = await anOutage(kind, 20);
    outage.target.answerEverybody(() => ({ ...busy(), afterMs: 20_000 }) as Answer);
    await outage.polls(1);
    expect(await outage.polls(9)).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0]);
  });
});

describe.each(databases)('after an outage, the ledger on %s', (kind) => {
  it('concurrency starts at one and doubles with every round of good answers', async () => {
    const target = aHeldTarget();
    const source = fakeSource(manyCustomers(40));
    await using test = await testContext(kind, { source, target, concurrency: 8 });
    const sync = createSync(test.context, owner);
    await sync.poll();
    while (sync.breaker() === 'closed') {
      target.answerAll(busy);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => target.answerAll(busy) === 0);
    await sync.settle();
    void sync.runOnce();
    const rounds: number[] = [];
    for (const expected of [1, 2, 4, 8, 8]) {
      await eventually(() => target.held.length >= expected);
      rounds.push(target.answerAll());
    }
    expect(rounds).toEqual([1, 2, 4, 8, 8]);
    await eventually(() => target.answerAll() === 0 && target.packages.length === 40);
    await sync.settle();
    expect(packagesOf(target)).toEqual(idsOf(40));
  });
});
