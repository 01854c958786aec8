import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { inventoryNames } from '../src/inventory-names.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSettling } from '../src/settling.ts';
import { createSync } from '../src/sync.ts';
import { aCommandLine, parseLines } from './a-command-line.ts';
import { aCustomer, fakeClock, fakeSource, fakeTarget, owner, testContext, unanswered } from './fakes.ts';

const v2 = { PACKAGE_TYPE: 'welcome_pack_v2' };

describe.each(databases)('a new PACKAGE_TYPE, the ledger on %s', (kind) => {
  it('is for new customers: those with a package of the earlier type need no other', async () => {
    await using line = await aCommandLine(kind, { customers: 3 });
    await line.run('poll');
    const proof = await line.run('reconcile', v2);
    expect(proof).toEqual({
      code: 0,
      err: '',
      out: '3 customers, 0 packages: every customer has exactly one, 3 with a package of another type (welcome_pack_v1).\n',
    });
    expect((await line.run('reconcile --repair', v2)).code).toBe(0);
    line.add(4);
    await line.run('poll', v2);
    await line.run('replay 2', v2);
    await line.run('poll', v2);
    expect(line.inventory.packages.map(({ customerId, packageType }) => `${customerId} ${packageType}`)).toEqual([
      '1 welcome_pack_v1',
      '2 welcome_pack_v1',
      '3 welcome_pack_v1',
      '4 welcome_pack_v2',
    ]);
    const [counts] = parseLines((await line.run('reconcile --json', v2)).out);
    expect(counts).toMatchObject({
      customers: 4,
      matched: 1,
      other_types: 3,
      types: ['welcome_pack_v1'],
      proven: true,
    });
    const [explained] = parseLines((await line.run('explain 2 --json', v2)).out);
    expect(explained).toMatchObject({ state: 'delivered', package_id: 2 });
  });

  it('makes no second package for a customer whose post was in doubt before', async () => {
    await using line = await aCommandLine(kind, {
      customers: 1,
      refusals: [[1, 503]],
      environment: { INVENTORY_IDEMPOTENCY: 'permanent' },
    });
    await line.run('poll');
    line.inventory.refusals.clear();
    line.inventory.packages.push({ id: 7, customerId: 1, customerName: 'Customer 1', packageType: 'welcome_pack_v1' });
    await line.run('replay 1', v2);
    await line.run('poll', v2);
    await eventually(async () => {
      const [explained] = parseLines((await line.run('explain 1 --json', v2)).out);
      expect(explained).toMatchObject({ state: 'delivered', package_id: 7 });
    });
    expect(line.inventory.packages).toHaveLength(1);
  });

  it('is not posted while a post of the earlier type may still create its package', async () => {
    const waitMs = 70_000;
    const clock = fakeClock();
    const target = { ...fakeTarget(), idempotency: async () => 'permanent' as const };
    target.script(1, unanswered);
    const source = fakeSource([aCustomer(1)]);
    await using test = await testContext(kind, { source, target, clock });
    await createSync({ ...test.context, settling: createSettling(clock, waitMs) }, owner).runOnce();
    const names = inventoryNames({ packageType: 'welcome_pack_v2', earlierTypes: ['welcome_pack_v1'] });
    const restarted = createSync({ ...test.context, names, settling: createSettling(clock, waitMs) }, owner);
    clock.advance(waitMs - 1_000);
    await restarted.runOnce();
    expect(target.posts).toHaveLength(1);
    target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
    clock.advance(1_000);
    await restarted.runOnce();
    expect(target.posts).toHaveLength(1);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('does not count packages that the ledger never requested', async () => {
    await using line = await aCommandLine(kind, { customers: 1, refusals: [[1, 410]] });
    await line.run('poll');
    line.inventory.packages.push({ id: 7, customerId: 1, customerName: 'Customer 1', packageType: 'birthday' });
    const compared = await line.run('reconcile');
    expect(compared.code).toBe(1);
    expect(compared.out).toContain('it has package 7 of another type (birthday)');
  });

  it('keeps a missing package an exception', async () => {
    await using line = await aCommandLine(kind, {
      customers: 2,
      environment: { INVENTORY_IDEMPOTENCY: 'permanent' },
    });
    await line.run('poll');
    line.removePackage(2);
    const compared = await line.run('reconcile', v2);
    expect(compared).toMatchObject({
      code: 1,
      out: expect.stringContaining('delivered as package 2, which no longer'),
    });
  });
});
