import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { pause, resume } from '../src/commands/pause.ts';
import { claimDue } from '../src/db/claims.ts';
import type { Retry } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { busy, fakeSource, fakeTarget, manyCustomers, owner, testContext, unanswered } from './fakes.ts';

describe.each(databases)('sync, its ledger on %s', (kind) => {
  it('looks the package up before it posts again after no answer', async () => {
    const target = fakeTarget();
    target.script(1, () => {
      target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
      return unanswered();
    });
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    test.clock.advance(5_000);
    await sync.runOnce();
    expect(target.finds).toEqual([1]);
    expect(target.packages).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('looks the package up before each further post, because the first post may take effect late', async () => {
    const target = fakeTarget();
    const refusedForNow = () => ({ ...busy(), status: 429, inDoubt: false }) as Retry;
    target.script(1, unanswered, refusedForNow);
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target });
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

  it('uses the package behind a conflict, or without one the outcome of the answer', async () => {
    const target = fakeTarget();
    const refused = { kind: 'rejected', reason: 'answered 422', status: 422 } as const;
    target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
    target.script(1, () => ({ kind: 'conflict', otherwise: refused }));
    target.script(2, () => ({ kind: 'conflict', otherwise: refused }));
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(2)), target });
    await createSync(test.context, owner).runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(await getDelivery(test.context, 2)).toMatchObject({ state: 'dead', error: 'answered 422' });
  });

  it('delivers to known customers after a restart, however long the CRM takes to answer', async () => {
    const source = fakeSource(manyCustomers(2));
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    await pause(test.context);
    await createSync(test.context, owner).runOnce();
    await resume(test.context);
    test.context.source = { ...source, fetchPage: () => new Promise(() => undefined) };
    void createSync(test.context, owner).poll();
    await eventually(() => target.packages.length === 2);
  });

  it('resumes an interrupted delivery at once after the clock is set back', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target });
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

  it('delivers though the due time is in the future after the clock is set back', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target });
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

  it('delays no delivery if a clock that was ahead by less than the longest wait is corrected', async () => {
    const target = fakeTarget();
    target.script(1, busy);
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target });
    const { context, clock } = test;
    await createSync(context, owner).runOnce();
    clock.advance(-30_000);
    await createSync(context, owner).runOnce();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'retrying' });
    clock.advance(-20 * 60_000);
    await createSync(context, owner).runOnce();
    expect(await getDelivery(context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('looks the package up after a crash between claim and answer, and consumes no retry budget', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(2)), target });
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
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1)), target });
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
});
