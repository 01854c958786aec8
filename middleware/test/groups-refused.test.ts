import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { getDelivery } from '../src/queries/deliveries.ts';
import { aBacklog, aGroupTarget, idsOf, packagesOf, sizesOf } from './a-group-target.ts';
import { manyCustomers } from './fakes.ts';

describe.each(databases)('an Inventory that does not support groups, the ledger on %s', (kind) => {
  it('gets one group, then one post for each customer, which creates one package', async () => {
    const target = aGroupTarget(() => ({ kind: 'unsupported', inDoubt: false, reason: 'there are no groups' }));
    await using backlog = await aBacklog(kind, { customers: 300, target, concurrency: 16 });
    await backlog.sync.runOnce();
    expect(target.groups).toHaveLength(1);
    expect(target.posts).toHaveLength(300);
    expect(packagesOf(target)).toEqual(idsOf(300));
    expect(target.finds).toEqual([]);
    expect(await getDelivery(backlog.context, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
    backlog.source.customers.push(...manyCustomers(400).slice(300));
    await backlog.sync.runOnce();
    expect(target.groups).toHaveLength(1);
    expect(packagesOf(target)).toEqual(idsOf(400));
  });

  it('gets no groups beyond those in flight, then one after a thousand posts, and is logged once', async () => {
    const target = aGroupTarget();
    target.createMany = async (requests) => {
      target.groups.push(requests.map(({ customerId }) => Number(customerId)));
      return { kind: 'unsupported', inDoubt: false, reason: 'there are no groups' };
    };
    await using backlog = await aBacklog(kind, { customers: 2_000, target, concurrency: 64 });
    await backlog.sync.runOnce();
    const large = sizesOf(target).filter((size) => size === 500);
    expect(large.length).toBeLessThanOrEqual(3);
    expect(target.groups.length - large.length).toBeGreaterThanOrEqual(1);
    expect(target.groups.length - large.length).toBeLessThanOrEqual(3);
    expect(target.posts).toHaveLength(2_000);
    const told = backlog.logger.lines.filter(({ message }) => message.includes('one by one'));
    expect(told.map(({ message }) => message)).toEqual(['there are no groups; packages are posted one by one']);
  });

  it('gets groups again after a thousand posts if only a gateway refused them', async () => {
    const target = aGroupTarget();
    const { createMany } = target;
    target.createMany = async (requests) => {
      const isAway = target.posts.length < 500;
      return isAway ? { kind: 'unsupported', inDoubt: false, reason: 'there are no groups' } : createMany(requests);
    };
    await using backlog = await aBacklog(kind, { customers: 3_000, target, concurrency: 16 });
    await backlog.sync.runOnce();
    expect(target.posts.length).toBeGreaterThanOrEqual(1_000);
    expect(target.posts.length).toBeLessThan(1_200);
    expect(sizesOf(target)).toContain(204);
    expect(packagesOf(target)).toEqual(idsOf(3_000));
  });

  it('creates no second package if it creates some before it refuses the group', async () => {
    const target = aGroupTarget((requests) => {
      for (const request of requests.slice(0, 30)) target.make(request);
      return { kind: 'unsupported', inDoubt: true, reason: 'there are no results' };
    });
    await using backlog = await aBacklog(kind, { customers: 60, target });
    await backlog.sync.runOnce();
    expect(packagesOf(target)).toEqual(idsOf(60));
    expect(target.groups).toHaveLength(1);
    expect(target.posts).toHaveLength(30);
    expect(new Set(target.finds)).toEqual(new Set(idsOf(60)));
  });

  it('gets smaller groups if it refuses only large ones', async () => {
    const target = aGroupTarget();
    target.createMany = async (requests) => {
      target.groups.push(requests.map(({ customerId }) => Number(customerId)));
      if (requests.length > 130) return { kind: 'refused', inDoubt: false, reason: 'Inventory answered 413' };
      return target.makeAll(requests);
    };
    await using backlog = await aBacklog(kind, { customers: 600, target });
    await backlog.sync.runOnce();
    expect(new Set(sizesOf(target).filter((size) => size > 130))).toEqual(new Set([500, 250]));
    expect(sizesOf(target).filter((size) => size > 130).length).toBeLessThanOrEqual(5);
    expect(sizesOf(target)).toContain(125);
    expect(target.posts.length).toBeLessThanOrEqual(50);
    expect(packagesOf(target)).toEqual(idsOf(600));
    expect(await getDelivery(backlog.context, 1)).toMatchObject({ attempts: 1 });
    expect(backlog.logger.lines.map(({ message }) => message)).toContain(
      'Inventory answered 413; packages are posted 250 at once',
    );
  });

  it('gets single posts in the end if it refuses every group', async () => {
    const target = aGroupTarget();
    target.createMany = async (requests) => {
      target.groups.push(requests.map(({ customerId }) => Number(customerId)));
      return { kind: 'refused', inDoubt: false, reason: 'Inventory answered 400' };
    };
    await using backlog = await aBacklog(kind, { customers: 500, target, concurrency: 16 });
    await backlog.sync.runOnce();
    expect([...new Set(sizesOf(target))].slice(0, 4)).toEqual([500, 250, 125, 62]);
    expect(sizesOf(target).length).toBeLessThanOrEqual(20); // with some that check whether it accepts groups by now
    expect(target.posts).toHaveLength(500);
    expect(packagesOf(target)).toEqual(idsOf(500));
  });
});
