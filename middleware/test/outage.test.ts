import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import { pause, resume } from '../src/commands/pause.ts';
import { replay, replayDead } from '../src/commands/replay.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { Answer, PackageRequest } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

const hourMs = 3_600_000;

/** So many customers, nobody of whom has been seen, and an Inventory that is down. */
async function anOutage(
  kind: (typeof databases)[number],
  customers: number,
  overrides: Partial<MiddlewareContext> = {},
) {
  const source = fakeSource(manyCustomers(customers));
  const target = fakeTarget();
  target.answerEverybody(busy);
  const test = await testContext(kind, { source, target, ...overrides });
  const sync = createSync(test.context, owner);
  return {
    ...test,
    source,
    target,
    sync,
    /** So many polls, five seconds apart; gives how many posts each of them led to. */
    async polls(count: number) {
      const posts: number[] = [];
      for (let poll = 0; poll < count; poll += 1) {
        const before = target.posts.length;
        test.clock.advance(5_000);
        await sync.runOnce();
        posts.push(target.posts.length - before);
      }
      return posts;
    },
  };
}

function ledger({ db }: MiddlewareContext) {
  return db.selectFrom('deliveries').selectAll().orderBy('customer_id').execute();
}

const packagesOf = ({ packages }: ReturnType<typeof fakeTarget>) =>
  packages.map(({ customerId }) => customerId).sort((a, b) => a - b);
const idsOf = (count: number) => manyCustomers(count).map(({ id }) => id);

describe.each(databases)('an outage of the Inventory, the ledger on %s', (kind) => {
  it('costs one call a poll, however many wait', async () => {
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

  it("uses up nobody's schedule though the clock is set back before it begins", async () => {
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

  it("uses up nobody's schedule though the clock is set ahead while it lasts", async () => {
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

  it("uses up nobody's schedule, though it lasts for more polls than there are waits", async () => {
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

  it('keeps polling, and new customers wait without being tried', async () => {
    await using outage = await anOutage(kind, 20);
    await outage.polls(2);
    outage.source.customers.push(aCustomer(21));
    await outage.polls(1);
    expect(await getDelivery(outage.context, 21)).toMatchObject({ state: 'pending', attempts: 0 });
    expect((await ledgerSummary(outage.context)).cursor).toBe(21);
  });

  it('is probed, and ends, while the CRM is away too', async () => {
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

  it('ends with everybody delivered at once, also those whose next attempt would be hours away', async () => {
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

  it('leaves those alone who were waiting for other reasons when it began', async () => {
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

  it('is told on the console when it begins and when it ends, and by a metric', async () => {
    await using outage = await anOutage(kind, 20);
    const { breakerOpen } = outage.context.metrics;
    await outage.polls(10);
    expect((await breakerOpen.get()).values).toMatchObject([{ value: 1 }]);
    outage.target.answerEverybody(undefined);
    await outage.polls(1);
    expect((await breakerOpen.get()).values).toMatchObject([{ value: 0 }]);
    expect(outage.logger.lines.map(({ message }) => message).filter((line) => line.includes('the breaker is'))).toEqual(
      [
        'answered 503; the breaker is open: one probe a poll, and nobody else is tried',
        'the breaker is closed: the Inventory answers again after 50 s',
      ],
    );
  });

  it('is probed only as soon as the Inventory asks to be', async () => {
    await using outage = await anOutage(kind, 20);
    outage.target.answerEverybody(() => ({ ...busy(), afterMs: 20_000 }) as Answer);
    await outage.polls(1);
    expect(await outage.polls(9)).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0]);
  });
});

/** An Inventory whose answers come when they are let out. */
function aHeldTarget() {
  const target = fakeTarget();
  const held: { request: PackageRequest; answer: (value: Answer) => void }[] = [];
  const create = (request: PackageRequest) => {
    target.posts.push(request);
    return new Promise<Answer>((answer) => held.push({ request, answer }));
  };
  return {
    ...target,
    create,
    held,
    /** Answers all that are under way, and tells how many they were. */
    answerAll(answer: (request: PackageRequest) => Answer = target.make) {
      const now = held.splice(0);
      for (const call of now) call.answer(answer(call.request));
      return now.length;
    },
  };
}

describe.each(databases)('after an outage, the ledger on %s', (kind) => {
  it('calls under way begin with one and double with every round of good answers', async () => {
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

describe.each(databases)('a wrong token or address, the ledger on %s', (kind) => {
  afterEach(() => nock.cleanAll());

  it.each([401, 404])('opens the breaker where everybody is answered %i, and kills nobody', async (status) => {
    const baseUrl = 'http://inventory.test';
    nock(baseUrl).persist().post(/.*/).reply(status);
    const http = createHttpClient({ baseUrl, timeoutMs: 2_000, connectionsMax: 4, token: async () => 'old', isUsable });
    const options = { packageType: 'welcome_pack_v1', retriesMax: 0, firstWaitMs: 1, random: () => 0.5 };
    const target = inventoryClient(http, { ...options, onQuickRetry: () => undefined });
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(20)), target });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 10; poll += 1) {
      await sync.runOnce();
      test.clock.advance(5_000);
    }
    expect(sync.breaker()).toBe('open');
    expect(await ledgerSummary(test.context)).toMatchObject({ deliveries: { dead: 0, delivered: 0 } });
    nock.cleanAll();
    nock(baseUrl).persist().post('/packages').reply(201, { id: 1 });
    await sync.runOnce();
    expect(await ledgerSummary(test.context)).toMatchObject({ deliveries: { delivered: 20 } });
  });
});

describe.each(databases)('a customer that the Inventory fails at, the ledger on %s', (kind) => {
  const poisoned = ({ customerId }: PackageRequest) => (customerId === 1 ? busy() : undefined);

  it('does not stop the others, and is given up alone', async () => {
    await using outage = await anOutage(kind, 30);
    outage.target.answerEverybody(poisoned);
    await outage.polls(10);
    expect(outage.sync.breaker()).toBe('closed');
    expect(packagesOf(outage.target)).toEqual(idsOf(30).slice(1));
    expect(await getDelivery(outage.context, 1)).toMatchObject({ state: 'dead', attempts: 3 });
  });

  it('does not close an open breaker where the CRM is away as well, and nothing is asked of the Inventory', async () => {
    await using outage = await anOutage(kind, 10);
    await outage.polls(1);
    const { source, target, sync, context } = outage;
    target.answerEverybody(() => ({ kind: 'rejected', reason: 'no' }));
    await outage.polls(1);
    expect(sync.breaker()).toBe('closed');
    source.customers.push(...manyCustomers(20).slice(10));
    target.answerEverybody(busy);
    await outage.polls(1);
    expect(sync.breaker()).toBe('open');
    for (const id of idsOf(20)) await replay(context, id);
    context.source = { ...source, fetchPage: async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) };
    expect(await outage.polls(3)).toEqual([0, 0, 0]);
    expect(sync.breaker()).toBe('open');
  });

  it('closes an open breaker beside a CRM that is away, as who was replayed is not the one to try with', async () => {
    await using outage = await anOutage(kind, 10);
    const { source, target, sync, context } = outage;
    target.answerEverybody(() => ({ kind: 'rejected', reason: 'no' }));
    await outage.polls(1);
    target.answerEverybody(busy);
    source.customers.push(...manyCustomers(20).slice(10));
    await outage.polls(1);
    expect(sync.breaker()).toBe('open');
    await replayDead(context, {});
    context.source = { ...source, fetchPage: async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) };
    target.answerEverybody(() => undefined);
    await outage.polls(1);
    expect(sync.breaker()).toBe('closed');
    expect(packagesOf(target)).toEqual(idsOf(20).slice(10));
  });

  it('lets who was replayed have a turn as a probe, though others that wait are refused again and again', async () => {
    await using outage = await anOutage(kind, 5);
    outage.target.answerEverybody(() => ({ kind: 'rejected', reason: 'no' }));
    await outage.polls(1);
    outage.source.customers.push(...manyCustomers(10).slice(5));
    outage.target.answerEverybody(busy);
    await outage.polls(1);
    expect(outage.sync.breaker()).toBe('open');
    await replayDead(outage.context, {});
    outage.target.answerEverybody(({ customerId }) => (customerId > 5 ? busy() : undefined));
    await outage.polls(4);
    expect(packagesOf(outage.target)).toEqual(idsOf(5));
  });

  it('does not keep an open breaker from closing: probes take turns', async () => {
    await using outage = await anOutage(kind, 1);
    await outage.polls(1);
    outage.source.customers.push(...manyCustomers(20).slice(1));
    await outage.polls(3);
    expect(outage.sync.breaker()).toBe('open');
    outage.target.answerEverybody(poisoned);
    await outage.polls(2);
    expect(outage.sync.breaker()).toBe('closed');
    expect(packagesOf(outage.target)).toEqual(idsOf(20).slice(1));
  });

  it('does not hold up the others though seven more fail like it, again and again', async () => {
    await using outage = await anOutage(kind, 40);
    outage.target.answerEverybody(({ customerId }) => (customerId <= 8 ? busy() : undefined));
    await outage.polls(20);
    expect(packagesOf(outage.target)).toEqual(idsOf(40).slice(8));
  });
});

describe.each(databases)('a pause, the ledger on %s', (kind) => {
  it('keeps everything from being claimed though polls go on recording', async () => {
    await using outage = await anOutage(kind, 3);
    outage.target.answerEverybody(undefined);
    await pause(outage.context);
    await outage.polls(1);
    outage.source.customers.push(aCustomer(4));
    await outage.polls(1);
    expect(outage.target.posts).toEqual([]);
    expect(await ledgerSummary(outage.context)).toMatchObject({ cursor: 4, paused: true, deliveries: { pending: 4 } });
  });

  it('outlives a restart, and a resume ends it', async () => {
    await using outage = await anOutage(kind, 3);
    outage.target.answerEverybody(undefined);
    await pause(outage.context);
    await outage.polls(1);
    const restarted = createSync(outage.context, owner);
    await restarted.runOnce();
    expect(outage.target.posts).toEqual([]);
    await resume(outage.context);
    await restarted.runOnce();
    expect(packagesOf(outage.target)).toEqual([1, 2, 3]);
  });

  it('takes hold of what is waiting behind calls under way', async () => {
    const target = aHeldTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(30)), target, concurrency: 2 });
    const sync = createSync(test.context, owner);
    await sync.poll();
    await eventually(() => target.held.length === 2);
    await pause(test.context);
    const settled = sync.settle();
    await eventually(() => {
      target.answerAll();
      return Promise.race([settled.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
    });
    expect(target.posts).toHaveLength(2);
    expect(await ledgerSummary(test.context)).toMatchObject({ deliveries: { delivered: target.packages.length } });
  });
});
