import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import type { Answer, CustomerSource } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { aRefusal } from './a-polled-ledger.ts';
import { aCustomer, busy, fakeSource, fakeTarget, owner, testContext, unanswered } from './fakes.ts';

describe.each(databases)('a replay, the ledger on %s', (kind) => {
  it('uses the current name in the CRM', async () => {
    await using refusal = await aRefusal(kind);
    refusal.source.customers[1] = aCustomer(2, { name: 'Better' });
    await replay(refusal.context, 2);
    await refusal.sync.settle();
    expect(refusal.target.packages).toMatchObject([{ customerId: 2, name: 'Better' }]);
    expect(await getDelivery(refusal.context, 2)).toMatchObject({ customer_name: 'Better' });
  });

  it('finds the package of a post in doubt after a rename, by its key, in an Inventory without look-ups', async () => {
    const target = { ...fakeTarget(), idempotency: async () => 'permanent' as const };
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

  it('ends dead, with the reason, for a customer that the CRM no longer has', async () => {
    await using refusal = await aRefusal(kind);
    refusal.source.customers.splice(1, 1);
    await replay(refusal.context, 2);
    await refusal.sync.settle();
    const error = 'the CRM has this customer no longer';
    expect(await getDelivery(refusal.context, 2)).toMatchObject({ state: 'dead', error });
    expect(refusal.target.posts).toEqual([]);
  });

  it('waits for a customer that still has no name in the CRM', async () => {
    const fault = 'the CRM shows no name for this customer';
    const source = fakeSource([aCustomer(1, { name: '', fault })]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await replay(test.context, 1);
    await sync.settle();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'retrying', error: fault });
    source.customers[0] = aCustomer(1);
    test.clock.advance(6_000);
    await sync.settle();
    expect(target.packages).toMatchObject([{ customerId: 1, name: 'Customer 1' }]);
  });

  it('is retried later if the CRM is unavailable', async () => {
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
    // the delivery is never given up, because nothing was attempted
    for (let wait = 0; wait < 6; wait += 1) {
      clock.advance(72 * 60_000);
      await sync.settle();
    }
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'retrying', error: 'CRM cannot be reached' });
    context.source = source;
    source.customers[1] = aCustomer(2, { name: 'Better' });
    // and then it has its whole retry schedule ahead
    target.script(2, busy);
    clock.advance(72 * 60_000);
    await sync.settle();
    expect(await getDelivery(context, 2)).toMatchObject({ state: 'retrying', error: 'answered 503' });
    clock.advance(5_000);
    await sync.settle();
    expect(target.packages).toMatchObject([{ customerId: 2, name: 'Better' }]);
  });
});
