import { StartError } from '@doorstep/kit/errors.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, listed, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('a package that stands, the ledger on %s', (kind) => {
  it('is kept by a replay where the Inventory cannot be asked for it', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(2)), target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    test.context.target = { ...target, find: async () => ({ kind: 'unknown' }) };
    await replay(test.context, 1);
    await createSync(test.context, owner).settle();
    expect(target.packages).toHaveLength(2);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('is kept by a repair where the Inventory shows only a part of everybody, though it looks whole', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(8)), target });
    await createSync(test.context, owner).runOnce();
    const shown = new Set([3, 4, 5]);
    test.context.target = {
      ...target,
      // as a look-up that takes no filter judges such a list
      find: async (id, witnesses = []) => {
        if (shown.has(id)) return target.find(id);
        const isBelieved = witnesses.length > 0 && witnesses.every((witness) => shown.has(witness));
        return { kind: isBelieved ? 'none' : 'unknown' };
      },
    };
    for (const id of [1, 2, 6, 7, 8]) await replay(test.context, id);
    await createSync(test.context, owner).settle();
    expect(target.packages).toHaveLength(8);
  });

  it('is not made a second time by a daemon that has lost the ledger to another', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(3)), target, concurrency: 1 });
    let isOwner = true;
    target.script(1, () => {
      isOwner = false;
      return undefined;
    });
    const sync = createSync(test.context, async () => {
      if (!isOwner) throw new StartError('Another daemon already uses this ledger');
    });
    await sync.runOnce();
    const posted = target.posts.length;
    expect(posted).toBeLessThanOrEqual(3); // what was claimed while it was the owner
    await sync.runOnce();
    await sync.settle();
    expect(target.posts).toHaveLength(posted);
  });
});

describe.each(databases)('customers who always fail, the ledger on %s', (kind) => {
  it('keep nobody else waiting for longer than a poll, and die of their own schedule', async () => {
    const target = fakeTarget();
    const poisoned = manyCustomers(8);
    for (const { id } of poisoned) target.script(id, ...Array(50).fill(busy));
    const source = fakeSource([...poisoned]);
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    for (const _each of poisoned) await sync.runOnce(); // until each of them has failed once
    for (let id = 9; id < 40; id += 1) {
      source.customers.push(aCustomer(id));
      await sync.runOnce();
      expect(target.packages.at(-1)).toMatchObject({ customerId: id });
      test.clock.advance(60_000);
    }
    for (const { id } of poisoned) expect(await getDelivery(test.context, id)).toMatchObject({ state: 'dead' });
  });
});

describe('a CRM that shows the first of its customers whatever is asked', () => {
  it('fails the poll and says why, for the others cannot be read', async () => {
    const customers = manyCustomers(50);
    const source = {
      ...fakeSource(customers, 10),
      fetchPage: async (_after: number, limit = 10) => {
        return { kind: 'page' as const, ...listed(customers.slice(0, limit)), more: true, unusable: [] };
      },
    };
    await using test = await testContext('sqlite', { source });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(sync.lastPoll()).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('a part of its') });
  });
});
