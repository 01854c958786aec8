import { AppError } from '@doorstep/kit/errors.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { replay, replayDead } from '../src/commands/replay.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { Answer, CustomerSource } from '../src/ports.ts';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, manyCustomers, owner, testContext, unanswered } from './fakes.ts';

type Kind = (typeof databases)[number];

const rejected = (): Answer => ({ kind: 'rejected', reason: 'Inventory answered 400: no', status: 400 });

/** Three customers whom the Inventory refuses until it is told otherwise, and who have been polled once. */
async function aRefusal(kind: Kind, overrides: Partial<MiddlewareContext> = {}) {
  const source = fakeSource(manyCustomers(3));
  const target = fakeTarget();
  target.answerEverybody(rejected);
  const test = await testContext(kind, { source, target, ...overrides });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  target.answerEverybody(undefined);
  target.posts.length = 0;
  return { ...test, source, target, sync };
}

async function aDelivery(kind: Kind) {
  const source = fakeSource([aCustomer(1)]);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  target.posts.length = 0;
  return { ...test, source, target, sync };
}

describe.each(databases)('a replay, the ledger on %s', (kind) => {
  it('gives a dead delivery its package, and nobody else', async () => {
    await using refusal = await aRefusal(kind);
    const { context, target, source, sync } = refusal;
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'dead' });
    await replay(context, 2);
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'pending' });
    await sync.settle();
    expect(target.packages.map(({ customerId }) => customerId)).toEqual([2]);
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'delivered', package_id: 1, error: null });
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'dead' });
    const told = source.reports.flat().filter(({ customer_id }) => customer_id === 2);
    expect(told.map(({ state }) => state)).toEqual(['failed', 'delivered']);
  });

  it('keeps the package that stood where the Inventory cannot be asked, and did not answer at first', async () => {
    await using delivery = await aDelivery(kind);
    const { context, target, sync, clock } = delivery;
    const looks = [unanswered, (): { kind: 'unknown' } => ({ kind: 'unknown' })];
    context.target = {
      ...target,
      find: async () => (looks.shift() ?? busy)() as never,
    };
    await replay(context, 1);
    await sync.settle();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'retrying' });
    clock.advance(10_000);
    await sync.settle();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(target.posts).toEqual([]);
  });

  it('keeps the attempts that were made before', async () => {
    await using refusal = await aRefusal(kind);
    await replay(refusal.context, 2);
    await refusal.sync.settle();
    const { attempts, history } = await getDelivery(refusal.context, 2);
    expect(attempts).toBe(2);
    expect(history.map(({ error }) => error)).toEqual(['Inventory answered 400: no', null]);
  });

  it('goes by the name that the CRM has now', async () => {
    await using refusal = await aRefusal(kind);
    refusal.source.customers[1] = aCustomer(2, { name: 'Better' });
    await replay(refusal.context, 2);
    await refusal.sync.settle();
    expect(refusal.target.packages).toMatchObject([{ customerId: 2, name: 'Better' }]);
    expect(await getDelivery(refusal.context, 2)).toMatchObject({ customer_name: 'Better' });
  });

  it('finds the package of a post that was in doubt before a rename, by an Inventory that knows keys and cannot be asked', async () => {
    const target = fakeTarget();
    target.find = async () => ({ kind: 'unknown' }) as never;
    target.script(1, (): Answer => {
      target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
      return unanswered();
    });
    target.answerEverybody(({ customerName }): Answer => {
      if (customerName === 'Customer 1') return { kind: 'delivered', packageId: 1, existed: true };
      return { kind: 'conflict', otherwise: { kind: 'rejected', reason: 'Inventory answered 422', status: 422 } };
    });
    const source = fakeSource([aCustomer(1)]);
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    source.customers[0] = aCustomer(1, { name: 'Better' });
    await replay(test.context, 1);
    await sync.settle();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(target.packages).toHaveLength(1);
    expect(target.posts.map(({ customerName }) => customerName)).toEqual(['Customer 1', 'Better', 'Customer 1']);
  });

  it('has the whole schedule before it, though it was used up before', async () => {
    await using refusal = await aRefusal(kind);
    const { context, target, sync, clock } = refusal;
    target.answerEverybody(busy);
    for (let time = 1; time <= 2; time += 1) {
      await replay(context, 2);
      for (const waitMs of [0, 5_000, 30_000]) {
        clock.advance(waitMs);
        await sync.settle();
      }
      expect(target.posts).toHaveLength(3 * time);
      expect(await getDelivery(context, 2)).toMatchObject({ state: 'dead' });
    }
  });

  it('never makes a second package for who has one', async () => {
    await using delivered = await aDelivery(kind);
    const { context, target, sync } = delivered;
    for (let time = 0; time < 3; time += 1) {
      await replay(context, 1);
      await sync.settle();
    }
    expect(target.packages).toHaveLength(1);
    expect(target.posts).toEqual([]);
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('makes the package of who has lost it', async () => {
    await using delivered = await aDelivery(kind);
    const { context, target, sync } = delivered;
    target.packages.length = 0;
    await replay(context, 1);
    await sync.settle();
    expect(target.packages.map(({ customerId }) => customerId)).toEqual([1]);
  });

  it('finds the package that a lost answer made, though the delivery died of it', async () => {
    const target = fakeTarget();
    target.script(1, () => {
      target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
      return unanswered();
    });
    await using test = await testContext(kind, { source: fakeSource([aCustomer(1)]), target, waitsMs: [] });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'dead' });
    await replay(test.context, 1);
    await sync.settle();
    expect(target.packages).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('does not wait for what is left of a long wait', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    const source = fakeSource([aCustomer(1)]);
    await using test = await testContext(kind, { source, target, waitsMs: [3_600_000] });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await replay(test.context, 1);
    await sync.settle();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('leaves alone what is under way', async () => {
    const target = fakeTarget();
    let answer = (_: Answer | undefined) => {};
    target.script(1, () => new Promise((resolve) => (answer = resolve)));
    await using test = await testContext(kind, { source: fakeSource([aCustomer(1)]), target });
    const sync = createSync(test.context, owner);
    await sync.poll();
    await eventually(() => target.posts.length === 1);
    const row = () => test.context.db.selectFrom('deliveries').selectAll().executeTakeFirstOrThrow();
    const before = await row();
    await replay(test.context, 1);
    expect(await row()).toEqual(before);
    answer(undefined);
    await sync.settle();
    expect(target.posts).toHaveLength(1);
    expect(target.packages).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('is refused for a customer that was never seen', async () => {
    await using test = await testContext(kind);
    const refused = replay(test.context, 404);
    await expect(refused).rejects.toThrow(AppError);
    await expect(refused).rejects.toMatchObject({
      code: 'not_found',
      message: 'Customer 404 has not been seen in the CRM',
    });
  });

  it('ends dead, with the reason, for a customer that the CRM has no longer', async () => {
    await using refusal = await aRefusal(kind);
    refusal.source.customers.splice(1, 1);
    await replay(refusal.context, 2);
    await refusal.sync.settle();
    const error = 'the CRM has this customer no longer';
    expect(await getDelivery(refusal.context, 2)).toMatchObject({ state: 'dead', error });
    expect(refusal.target.posts).toEqual([]);
  });

  it('ends dead, with the reason, for a customer that the CRM still shows without a name', async () => {
    const fault = 'the CRM shows no name for this customer';
    const source = fakeSource([aCustomer(1, { name: '', fault })]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await replay(test.context, 1);
    await sync.settle();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'dead', error: fault });
    source.customers[0] = aCustomer(1);
    await replay(test.context, 1);
    await sync.settle();
    expect(target.packages).toMatchObject([{ customerId: 1, name: 'Customer 1' }]);
  });

  it('is tried again later where the CRM is away at that moment', async () => {
    await using refusal = await aRefusal(kind);
    const { context, source, target, sync, clock } = refusal;
    const away: CustomerSource = {
      ...source,
      fetchPage: async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }),
    };
    context.source = away;
    await replay(context, 2);
    await sync.settle();
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'retrying', error: 'CRM cannot be reached' });
    expect(target.posts).toEqual([]);
    expect(sync.breaker()).toBe('closed');
    // it is not given up either, however long that lasts: it was never tried
    for (let wait = 0; wait < 6; wait += 1) {
      clock.advance(72 * 60_000);
      await sync.settle();
    }
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'retrying', error: 'CRM cannot be reached' });
    context.source = source;
    source.customers[1] = aCustomer(2, { name: 'Better' });
    // and the whole schedule is before it then
    target.script(2, busy);
    clock.advance(72 * 60_000);
    await sync.settle();
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'retrying', error: 'answered 503' });
    clock.advance(5_000);
    await sync.settle();
    expect(target.packages).toMatchObject([{ customerId: 2, name: 'Better' }]);
  });
});

/** So many dead letters, each of which died a second after the one before. */
async function deadLetters(kind: Kind, count: number, overrides: Partial<MiddlewareContext> = {}) {
  const customers = manyCustomers(count);
  const source = fakeSource(customers);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target, ...overrides });
  const startMs = test.clock.now().getTime();
  const rows = customers.map(({ id, name }) => {
    const at = new Date(startMs + id * 1_000).toISOString();
    const state = { state: 'dead', attempts: 1, waits_used: 0, before_post: 'nothing', error: 'no' } as const;
    return {
      ...state,
      customer_id: id,
      customer_name: name,
      report_pending: 0 as const,
      recorded_at: at,
      updated_at: at,
    };
  });
  for (let start = 0; start < rows.length; start += 1_000) {
    const slice = rows.slice(start, start + 1_000);
    await test.context.write((trx) => trx.insertInto('deliveries').values(slice).execute());
  }
  await test.context.write((trx) =>
    trx.insertInto('cursors').values({ name: 'customers', last_seen_id: count }).execute(),
  );
  test.clock.advance((count + 1) * 1_000);
  const at = (id: number) => new Date(startMs + id * 1_000).toISOString();
  return { ...test, source, target, at, sync: createSync(test.context, owner) };
}

describe.each(databases)('a replay of dead letters, the ledger on %s', (kind) => {
  it('takes all of them, more than a thousand', async () => {
    await using dead = await deadLetters(kind, 2_100);
    expect(await replayDead(dead.context, {})).toBe(2_100);
    expect(await ledgerSummary(dead.context)).toMatchObject({ deliveries: { pending: 2_100, dead: 0 } });
    expect(await replayDead(dead.context, {})).toBe(0);
  });

  it('takes those that died at the first moment or later, and before the last', async () => {
    await using dead = await deadLetters(kind, 10);
    expect(await replayDead(dead.context, { since: dead.at(3), until: dead.at(6) })).toBe(3);
    const waiting = await listDeliveries(dead.context, { after: 0, limit: 100, state: 'pending' });
    expect(waiting.map(({ customer_id }) => customer_id)).toEqual([3, 4, 5]);
    expect(await replayDead(dead.context, { since: dead.at(9) })).toBe(2);
    expect(await replayDead(dead.context, { until: dead.at(2) })).toBe(1);
    await dead.sync.settle();
    const still = await listDeliveries(dead.context, { after: 0, limit: 100, state: 'dead' });
    expect(still.map(({ customer_id }) => customer_id)).toEqual([2, 6, 7, 8]);
  });

  it('takes nobody who is not dead', async () => {
    await using delivered = await aDelivery(kind);
    expect(await replayDead(delivered.context, {})).toBe(0);
    expect(await getDelivery(delivered.context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('delivers to each once, in groups too, and asks the CRM for a page of customers at a time', async () => {
    await using dead = await deadLetters(kind, 1_200);
    const { context, target, source } = dead;
    target.createMany = async (requests) => ({ kind: 'answers', answers: requests.map(target.make) });
    target.make({ customerId: 600, customerName: 'Customer 600', idempotencyKey: '' });
    await replayDead(context, {});
    await dead.sync.settle();
    expect(new Set(target.packages.map(({ customerId }) => customerId)).size).toBe(1_200);
    expect(target.packages).toHaveLength(1_200);
    expect(await ledgerSummary(context)).toMatchObject({ deliveries: { delivered: 1_200 } });
    expect(source.asked.length).toBeLessThan(10);
  });

  it('is not held up for all by one customer that the CRM cannot show', async () => {
    await using dead = await deadLetters(kind, 100);
    const { context, target, source } = dead;
    context.source = {
      ...source,
      async fetchPage(after, limit) {
        const page = await source.fetchPage(after, limit);
        const isBroken = page.kind === 'page' && page.customers.some(({ id }) => id === 50);
        return isBroken ? { kind: 'unreadable', reason: 'CRM answered 500' } : page;
      },
    };
    await replayDead(context, {});
    await dead.sync.settle();
    expect(target.packages).toHaveLength(99);
  });
});
