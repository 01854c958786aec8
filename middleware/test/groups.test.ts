import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import type { CustomerKey } from '../src/delivery.ts';
import type { Answer, GroupAnswer, PackageRequest } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { aBacklog, aGroupTarget, idsOf, packagesOf, sizesOf } from './a-group-target.ts';
import { aCustomer, busy, fakeSource, manyCustomers } from './fakes.ts';

describe.each(databases)('groups, the ledger on %s', (kind) => {
  it('carry more than 50, at most 500 in each', async () => {
    const target = aGroupTarget();
    await using backlog = await aBacklog(kind, { customers: 1_120, target });
    await backlog.sync.runOnce();
    expect(Math.max(...sizesOf(target))).toBe(500);
    expect(sizesOf(target).reduce((sum, size) => sum + size)).toBe(1_120);
    expect(target.posts).toEqual([]);
    expect(packagesOf(target)).toEqual(idsOf(1_120));
    expect(await getDelivery(backlog.context, 1_120)).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(backlog.source.reports.flat()).toHaveLength(1_120);
  });

  it('are not made for 50 or fewer', async () => {
    const target = aGroupTarget();
    await using backlog = await aBacklog(kind, { customers: 50, target });
    await backlog.sync.runOnce();
    expect(target.groups).toEqual([]);
    expect(target.posts).toHaveLength(50);
    backlog.source.customers.push(...manyCustomers(101).slice(50));
    await backlog.sync.runOnce();
    expect(sizesOf(target)).toEqual([51]);
  });

  it('run at most three at once', async () => {
    const answers: (() => void)[] = [];
    const held = () => new Promise<undefined>((resolve) => answers.push(() => resolve(undefined)));
    const target = aGroupTarget(held, held, held, held, held);
    await using backlog = await aBacklog(kind, { customers: 2_500, target });
    await backlog.sync.poll();
    await eventually(() => answers.length >= 3);
    void backlog.sync.settle();
    expect(answers).toHaveLength(3);
    answers.shift()?.();
    await eventually(() => target.groups.length === 4);
    expect(answers).toHaveLength(3);
    await eventually(() => {
      for (const answer of answers.splice(0)) answer();
      return target.packages.length === 2_500;
    });
    await backlog.sync.settle();
  });

  it('are evaluated per customer: each delivery by its own answer', async () => {
    const target = aGroupTarget();
    target.make({ customerId: 2, customerName: 'Customer 2', idempotencyKey: '' });
    target.make({ customerId: 5, customerName: 'Customer 5', idempotencyKey: '' });
    const conflict: Answer = {
      kind: 'conflict',
      otherwise: { ...(busy() as object), reason: 'answered 409' } as never,
    };
    const own = new Map<CustomerKey, Answer>([
      [2, { kind: 'delivered', packageId: 1, status: 200, existed: true }],
      [3, { kind: 'rejected', reason: 'Inventory answered 410: no', status: 410 }],
      [4, { kind: 'retry', reason: 'answered 500', status: 500, inDoubt: false, whose: 'customer' }],
      [5, conflict],
      [6, conflict],
    ]);
    target.answerEach(({ customerId }) => own.get(customerId));
    await using backlog = await aBacklog(kind, { customers: 60, target });
    await backlog.sync.runOnce();
    const delivery = (id: number) => getDelivery(backlog.context, id);
    expect(await delivery(1)).toMatchObject({ state: 'delivered', package_id: 3 });
    expect(await delivery(2)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(await delivery(3)).toMatchObject({ state: 'dead', error: 'Inventory answered 410: no' });
    expect(await delivery(4)).toMatchObject({ state: 'retrying', next_attempt_at: '2026-01-01T00:00:05.000Z' });
    expect(await delivery(5)).toMatchObject({ state: 'delivered', package_id: 2 });
    expect(await delivery(6)).toMatchObject({ state: 'retrying', error: 'answered 409' });
    expect(target.finds).toEqual([5, 6]);
    expect(backlog.sync.breaker()).toBe('closed');
    expect(await ledgerSummary(backlog.context)).toMatchObject({ deliveries: { delivered: 57, retrying: 2, dead: 1 } });
  });

  it('open the breaker if one fails as a whole, and consume no retry budget', async () => {
    const target = aGroupTarget(() => busy() as GroupAnswer);
    await using backlog = await aBacklog(kind, { customers: 300, target });
    await backlog.sync.runOnce();
    await backlog.sync.settle();
    expect(sizesOf(target)).toEqual([300]);
    const rows = await backlog.context.db.selectFrom('deliveries').selectAll().execute();
    expect(rows.every((row) => row.waits_used === 0 && row.state !== 'dead')).toBe(true);
  });

  it('give way to single posts, starting with one, after a group failed as a whole', async () => {
    const target = aGroupTarget(() => busy() as GroupAnswer);
    const underWayAtStart: number[] = [];
    let underWay = 0;
    target.create = async (request) => {
      underWay += 1;
      underWayAtStart.push(underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return target.make(request);
    };
    await using backlog = await aBacklog(kind, { customers: 300, target, concurrency: 16 });
    await backlog.sync.runOnce();
    await backlog.sync.runOnce();
    expect(Math.max(...underWayAtStart.slice(0, 6))).toBeLessThanOrEqual(4);
    expect(Math.max(...underWayAtStart)).toBeLessThanOrEqual(16);
    expect(packagesOf(target)).toEqual(idsOf(300));
    expect(target.groups.length).toBeGreaterThan(1);
  });

  it('continue though one customer makes each of its groups fail', async () => {
    const poisons = (requests: PackageRequest[]) => requests.some(({ customerId }) => customerId === 60);
    const target = aGroupTarget();
    target.createMany = async (requests) => (poisons(requests) ? (busy() as GroupAnswer) : target.makeAll(requests));
    target.answerEverybody((request) => (poisons([request]) ? busy() : undefined));
    await using backlog = await aBacklog(kind, { customers: 150, target, concurrency: 16 });
    for (let poll = 0; poll < 40 && target.packages.length < 149; poll += 1) {
      await backlog.sync.runOnce();
      backlog.clock.advance(5_000);
    }
    expect(packagesOf(target)).toEqual(idsOf(150).filter((id) => id !== 60));
  });
});

describe.each(databases)('a group of customers that have to be read again, the ledger on %s', (kind) => {
  it('contains those that the CRM still has, under their current names', async () => {
    const target = aGroupTarget();
    await using backlog = await aBacklog(kind, { customers: 0, target });
    const { context } = backlog;
    await context.write(async (trx) => {
      const now = context.clock.now().toISOString();
      const row = { customer_name: 'before', attempts: 0, waits_used: 0, before_post: 'read and look' } as const;
      const times = { due_at: now, recorded_at: now, updated_at: now };
      const rows = idsOf(80).map((customer_id) => ({ ...row, ...times, customer_id, state: 'pending' as const }));
      await trx
        .insertInto('deliveries')
        .values(rows.map((one) => ({ ...one, report_pending: 0 as const })))
        .execute();
    });
    context.source = fakeSource(manyCustomers(80).filter(({ id }) => id !== 40));
    await backlog.sync.settle();
    expect(packagesOf(target)).toEqual(idsOf(80).filter((id) => id !== 40));
    expect(target.packages.find(({ customerId }) => customerId === 41)?.name).toBe(aCustomer(41).name);
    expect(await getDelivery(context, 40)).toMatchObject({
      state: 'dead',
      error: 'the CRM has this customer no longer',
    });
    expect(sizesOf(target)).toEqual([79]);
  });
});
