import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { resume } from '../src/commands/pause.ts';
import { updateDeliveries } from '../src/db/deliveries.ts';
import type { SeenCustomer } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { watchBothSides } from '../src/reconcile/watch.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { aCustomer, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';
import { compare, showing } from './two-sides.ts';

const later = '2026-02-02T00:00:00.000Z';
const edited = (id: number) => aCustomer(id, { name: `Other ${id}`, createdAt: later });

/** A CRM with `count` customers, each with a package, whose records were all edited then. */
async function anEditedCrm(kind: Kind, count: number, pageSize = 10) {
  const source = fakeSource(manyCustomers(count), pageSize);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target });
  await createSync(test.context, owner).runOnce();
  const sync = createSync(test.context, owner);
  const context = { ...test.context, target: showing(target) };
  const now = (customers: SeenCustomer[]) => source.customers.splice(0, source.customers.length, ...customers);
  now(manyCustomers(count).map(({ id }) => edited(id)));
  return {
    ...test,
    context,
    source,
    target,
    now,
    poll: () => sync.runOnce(),
    accept: () => resume(test.context, { accept: true }),
    pause: async () => (await getStatus(test.context)).pause,
  };
}

describe.each(databases)('customers that were edited and accepted, the ledger on %s', (kind) => {
  it('leave a proof possible, although their packages bear the earlier names', async () => {
    await using crm = await anEditedCrm(kind, 3);
    await crm.poll();
    await crm.accept();
    expect(await compare(crm.context)).toMatchObject({ matched: 3, proven: true, found: [] });
    crm.now([1, 2, 3].map((id) => ({ ...edited(id), name: `Renamed ${id}` })));
    await crm.poll();
    expect(await crm.pause()).toBeNull();
    expect(await compare(crm.context)).toMatchObject({ matched: 3, proven: true, found: [] });
  });

  it('get a package under the name that they have now', async () => {
    await using crm = await anEditedCrm(kind, 3);
    await crm.poll();
    const due = { customer_id: 2, state: 'pending' as const, due_at: later, package_id: null, waiting_since: later };
    crm.target.packages.splice(1, 1);
    await crm.context.write((trx) => updateDeliveries(trx, [{ ...due, due_at: '2026-01-01T00:00:00.000Z' }]));
    await crm.accept();
    await crm.poll();
    expect(crm.target.packages.map(({ name }) => name)).toEqual(['Customer 1', 'Customer 3', 'Other 2']);
    expect(await getDelivery(crm.context, 2)).toMatchObject({ customer_name: 'Other 2', state: 'delivered' });
    expect(await compare(crm.context)).toMatchObject({ matched: 3, proven: true });
  });

  it.each(['the command', 'the daemon'])(
    'are all found by a reconciliation of %s, and accepted at once',
    async (who) => {
      await using crm = await anEditedCrm(kind, 30);
      await crm.poll();
      expect((await crm.pause())?.reason).toContain('and 5 more');
      if (who === 'the command') expect(await compare(crm.context)).toMatchObject({ exceptions: { changed: 30 } });
      else await watchBothSides(crm.context, new AbortController().signal);
      expect((await crm.pause())?.reason).toContain('and 25 more');
      await crm.accept();
      expect(await compare(crm.context)).toMatchObject({ matched: 30, proven: true });
      expect(await crm.pause()).toBeNull();
    },
  );

  it('are accepted by the thousand', async () => {
    await using crm = await anEditedCrm(kind, 1_500, 500);
    await compare(crm.context);
    await crm.accept();
    expect(await compare(crm.context)).toMatchObject({ matched: 1_500, proven: true });
    expect(await crm.pause()).toBeNull();
  });
});

describe.each(databases)('a stop for other people on several pages, the ledger on %s', (kind) => {
  async function aStop() {
    const crm = await anEditedCrm(kind, 30);
    await crm.poll();
    await compare(crm.context);
    return crm;
  }

  it('goes on while one of them is still there', async () => {
    await using crm = await aStop();
    crm.now([...manyCustomers(24), edited(25), ...[26, 27, 28, 29, 30].map((id) => aCustomer(id)), aCustomer(31)]);
    await crm.poll();
    expect((await crm.pause())?.reason).toContain('belong');
    expect(idsIn(crm.target.packages)).not.toContain(31);
    crm.source.asked.length = 0;
    await crm.poll();
    expect(crm.source.asked).toHaveLength(2);
  });

  it('ends by itself once each is the earlier person again, or is gone', async () => {
    await using crm = await aStop();
    crm.now([...manyCustomers(31)].filter(({ id }) => id !== 1 && id !== 15 && id !== 30));
    await crm.poll();
    expect(await crm.pause()).toBeNull();
    expect(idsIn(crm.target.packages)).toContain(31);
  });
});
