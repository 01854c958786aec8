import { AppError } from '@doorstep/kit/errors.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import type { Answer } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { aDelivery, aRefusal } from './a-polled-ledger.ts';
import { aCustomer, busy, fakeSource, fakeTarget, owner, testContext, unanswered } from './fakes.ts';

describe.each(databases)('a replay, the ledger on %s', (kind) => {
  it('delivers the package of a dead delivery, and no other', async () => {
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

  it('keeps the existing package if the first look-up gets no answer and the next is not supported', async () => {
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

  it('keeps earlier attempts', async () => {
    await using refusal = await aRefusal(kind);
    await replay(refusal.context, 2);
    await refusal.sync.settle();
    const { attempts, history } = await getDelivery(refusal.context, 2);
    expect(attempts).toBe(2);
    expect(history.map(({ error }) => error)).toEqual(['Inventory answered 410: no', null]);
  });

  it('has its whole retry schedule ahead, though it was used up before', async () => {
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

  it('creates no second package', async () => {
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

  it('creates a package that was lost', async () => {
    await using delivered = await aDelivery(kind);
    const { context, target, sync } = delivered;
    target.packages.length = 0;
    await replay(context, 1);
    await sync.settle();
    expect(target.packages.map(({ customerId }) => customerId)).toEqual([1]);
  });

  it('finds the package behind a lost answer, though the delivery died of it', async () => {
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

  it('does not wait for the rest of a long wait', async () => {
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

  it('does not affect an attempt in progress', async () => {
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

  it('is rejected for a customer that no poll has seen', async () => {
    await using test = await testContext(kind);
    const refused = replay(test.context, 404);
    await expect(refused).rejects.toThrow(AppError);
    await expect(refused).rejects.toMatchObject({
      code: 'not_found',
      message: 'Customer 404 has not been seen in the CRM',
    });
  });
});
