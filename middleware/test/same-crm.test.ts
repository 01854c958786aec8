import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { resume } from '../src/commands/pause.ts';
import type { SeenCustomer } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { findStranger } from '../src/queries/find-stranger.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { aCustomer, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

const another = (id: number) => aCustomer(id, { name: `Other ${id}`, createdAt: '2026-02-02T00:00:00.000Z' });
const forms = ['feed', 'whole list'] as const;

/** A CRM after one poll; `now` gives it other customers. */
async function aPolledCrm(
  kind: Kind,
  customers: SeenCustomer[],
  form: (typeof forms)[number] = 'feed',
  pageSize = 500,
) {
  const source = fakeSource(customers, pageSize);
  const { fetchPage } = source;
  if (form === 'whole list') source.fetchPage = (_after, _limit) => fetchPage(0, 100_000);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target });
  let sync = createSync(test.context, owner);
  await sync.runOnce();
  source.asked.length = 0;
  return {
    ...test,
    source,
    target,
    poll: () => sync.runOnce(),
    restart() {
      sync = createSync(test.context, owner);
    },
    now(...changed: SeenCustomer[]) {
      source.customers.splice(0, source.customers.length, ...changed);
    },
    pause: async () => (await getStatus(test.context)).pause,
    alarms: () => test.logger.lines.filter(({ message }) => message.startsWith('deliveries are stopped')),
  };
}

describe.each(databases)('the ids of a CRM, the ledger on %s', (kind) => {
  const [one, two, three] = manyCustomers(3) as [SeenCustomer, SeenCustomer, SeenCustomer];

  it.each(forms)('stop deliveries if a restored CRM gives them out again: %s', async (form) => {
    await using crm = await aPolledCrm(kind, manyCustomers(6), form);
    crm.now(one, two, three);
    await crm.poll();
    expect(await crm.pause()).toBeNull();
    crm.now(one, two, three, another(4), another(5), another(6), another(7));
    await crm.poll();
    expect(await crm.pause()).toMatchObject({ by: 'doorstep', reason: expect.stringContaining('ids 4, 5, 6 belong') });
    expect(await getDelivery(crm.context, 7)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each(forms)('stop deliveries although the new people were not seen coming: %s', async (form) => {
    await using crm = await aPolledCrm(kind, manyCustomers(6), form);
    crm.now(one, two, three, another(4));
    crm.restart();
    await crm.poll();
    expect((await crm.pause())?.reason).toContain('id 4 belongs to other people');
  });

  it.each(forms)('stop deliveries if a CRM in memory restarts and gets fewer people: %s', async (form) => {
    await using crm = await aPolledCrm(kind, manyCustomers(3), form);
    crm.now(another(1), another(2));
    await crm.poll();
    expect((await crm.pause())?.reason).toContain('ids 1, 2 belong');
  });

  it('stop deliveries if a CRM begins anew, is empty for a while, and gets its first customer', async () => {
    await using crm = await aPolledCrm(kind, manyCustomers(3));
    crm.now();
    await crm.poll();
    await crm.poll();
    crm.now(another(1));
    await crm.poll();
    expect((await crm.pause())?.reason).toContain('id 1 belongs');
  });

  it('are those of the same people after a rename, a deletion or a correction of a time', async () => {
    await using crm = await aPolledCrm(kind, manyCustomers(3));
    crm.now(one, two, { ...three, name: 'Renamed' });
    await crm.poll();
    crm.now(one, two, { ...three, createdAt: '2026-02-02T00:00:00.000Z' });
    await crm.poll();
    crm.now(one, { ...two, name: 'Renamed' });
    await crm.poll();
    crm.now();
    await crm.poll();
    expect([await crm.pause(), crm.alarms()]).toEqual([null, []]);
  });

  it('are not compared without a time of creation', async () => {
    const timeless = (name: string) => aCustomer(1, { name, createdAt: undefined });
    await using crm = await aPolledCrm(kind, [timeless('Ana')]);
    crm.now(timeless('Bob'));
    await crm.poll();
    expect(await crm.pause()).toBeNull();
  });

  it('cost no extra call while nothing happens, and a few once after the newest customer is deleted', async () => {
    await using crm = await aPolledCrm(kind, manyCustomers(1_000));
    await crm.poll();
    expect(crm.source.asked).toEqual([999]);
    crm.source.customers.pop();
    await crm.poll();
    expect(crm.source.asked.length).toBeLessThan(16);
    crm.source.asked.length = 0;
    await crm.poll();
    await crm.poll();
    expect(crm.source.asked).toEqual([998, 998]);
    crm.source.customers.push(aCustomer(1_001));
    await crm.poll();
    await crm.poll();
    expect(crm.source.asked).toEqual([998, 998, 998, 1_000]);
  });

  it('are read in pages of one as well', async () => {
    await using crm = await aPolledCrm(kind, manyCustomers(3), 'feed', 1);
    crm.now(...manyCustomers(6));
    await crm.poll();
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4, 5, 6]);
    crm.now(...manyCustomers(5), another(6));
    await crm.poll();
    expect((await crm.pause())?.reason).toContain('id 6 belongs');
  });

  it('are seen when a waiting customer is read again', async () => {
    await using crm = await aPolledCrm(kind, [aCustomer(1, { name: 'Ana' }), two]);
    crm.target.answerEverybody(() => ({ kind: 'rejected', reason: 'no', status: 400, ofRecord: true }));
    crm.source.customers.push(three);
    await crm.poll();
    crm.target.answerEverybody(undefined);
    crm.now(one, two, another(3), aCustomer(4));
    crm.context.source = { ...crm.source, pageSize: 500 };
    crm.clock.advance(6_000);
    const sync = createSync(crm.context, owner);
    await sync.settle();
    expect((await crm.pause())?.reason).toContain('id 3 belongs');
    expect(idsIn(crm.target.packages)).toEqual([1, 2]);
  });
});

describe.each(databases)('deliveries that were stopped for other people, the ledger on %s', (kind) => {
  async function aStop() {
    const crm = await aPolledCrm(kind, manyCustomers(3));
    crm.now(another(1), another(2), another(3), aCustomer(4));
    await crm.poll();
    return crm;
  }

  it('stay stopped across restarts and a resume, are logged once, and are explained', async () => {
    await using crm = await aStop();
    crm.restart();
    await crm.poll();
    await crm.poll();
    await expect(resume(crm.context)).rejects.toThrow(/ids 1, 2, 3 belong .*"resume --accept"/);
    await crm.poll();
    expect(crm.alarms()).toHaveLength(1);
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3]);
    expect(await findStranger(crm.context, 2)).toContain('customer 2 was Customer 2');
    expect(await findStranger(crm.context, 4)).toBeUndefined();
  });

  it('go on once the people are accepted, whose deliveries stand', async () => {
    await using crm = await aStop();
    await resume(crm.context, { accept: true });
    await crm.poll();
    await crm.poll();
    expect(await crm.pause()).toBeNull();
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4]);
    expect(await getDelivery(crm.context, 2)).toMatchObject({ customer_name: 'Customer 2', state: 'delivered' });
    expect(crm.alarms()).toHaveLength(1);
  });

  it('go on by themselves once the ids belong to the people of the ledger again', async () => {
    await using crm = await aStop();
    crm.now(...manyCustomers(4));
    await crm.poll();
    expect(await crm.pause()).toBeNull();
    expect(idsIn(crm.target.packages)).toEqual([1, 2, 3, 4]);
  });
});
