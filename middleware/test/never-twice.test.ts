import { StartError } from '@doorstep/kit/errors.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import type { CustomerKey } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, listed, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('an existing package, the ledger on %s', (kind) => {
  it('is kept by a replay if the Inventory has no look-up', async () => {
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

  it('is kept by a repair if the Inventory returns a partial list that looks complete', async () => {
    const target = fakeTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(8)), target });
    await createSync(test.context, owner).runOnce();
    const shown = new Set<CustomerKey>([3, 4, 5]);
    test.context.target = {
      ...target,
      // as a look-up without a filter reads such a list
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

  it('is not created again by a daemon that has lost the ledger to another', async () => {
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
    expect(posted).toBeLessThanOrEqual(3); // those claimed while it owned the ledger
    await sync.runOnce();
    await sync.settle();
    expect(target.posts).toHaveLength(posted);
  });
});

describe.each(databases)('customers that always fail, the ledger on %s', (kind) => {
  it('delay no other customer by more than one poll, and die when their own retry schedule ends', async () => {
    const target = fakeTarget();
    const poisoned = manyCustomers(8);
    for (const { id } of poisoned) target.script(id, ...Array(50).fill(busy));
    const source = fakeSource([...poisoned]);
    await using test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    for (const _each of poisoned) await sync.runOnce(); // each of them fails once
    for (let id = 9; id < 40; id += 1) {
      source.customers.push(aCustomer(id));
      await sync.runOnce();
      expect(target.packages.at(-1)).toMatchObject({ customerId: id });
      test.clock.advance(60_000);
    }
    for (const { id } of poisoned) expect(await getDelivery(test.context, id)).toMatchObject({ state: 'dead' });
  });
});

describe('a CRM that always returns its first customers', () => {
  it('is warned about, because the other customers cannot be read', async () => {
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
    const warning = expect.stringContaining('the CRM shows only 10 of its customers');
    expect(sync.crmList()).toEqual({ seen: 10, total: null, warning });
    expect(test.logger.lines).toContainEqual({ level: 'warn', message: warning });
  });
});
