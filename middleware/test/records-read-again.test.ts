import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import type { SeenCustomer } from '../src/delivery.ts';
import type { Answer, CustomerSource } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { aCustomer, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

const fault = 'the CRM shows no name for this customer';
const nameless = (id: number) => aCustomer(id, { name: '', fault });
const refusal = (): Answer => ({ kind: 'rejected', reason: 'Inventory answered 400: no', status: 400, ofRecord: true });

/** A ledger after one poll of these customers. The fake schedule has two waits: 5 s and 30 s. */
async function aPolledLedger(kind: Kind, customers: SeenCustomer[], answer?: typeof refusal) {
  const source = fakeSource(customers);
  const target = fakeTarget();
  target.answerEverybody(answer);
  const test = await testContext(kind, { source, target });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  return {
    ...test,
    source,
    target,
    sync,
    find: (id: number) => getDelivery(test.context, id),
    async afterMs(ms: number) {
      test.clock.advance(ms);
      await sync.settle();
    },
  };
}

describe.each(databases)('a customer without a name, the ledger on %s', (kind) => {
  it('gets a package once the CRM shows the name, without a look-up for a package that cannot exist', async () => {
    await using ledger = await aPolledLedger(kind, [nameless(1), aCustomer(2)]);
    expect(await ledger.find(1)).toMatchObject({ state: 'retrying', error: fault, attempts: 0 });
    expect(idsIn(ledger.target.packages)).toEqual([2]);
    expect(ledger.source.reports.flat().map(({ customer_id }) => customer_id)).toEqual([2]);
    ledger.source.customers[0] = aCustomer(1, { name: 'Late' });
    await ledger.afterMs(6_000);
    expect(ledger.target.packages).toMatchObject([{ customerId: 2 }, { customerId: 1, name: 'Late' }]);
    expect(await ledger.find(1)).toMatchObject({ state: 'delivered', customer_name: 'Late' });
    expect(ledger.target.finds).toEqual([]);
  });

  it('is read again on the retry schedule, and dead only after it, with the reason', async () => {
    await using ledger = await aPolledLedger(kind, [nameless(1)]);
    await ledger.afterMs(6_000);
    expect(await ledger.find(1)).toMatchObject({ state: 'retrying', error: fault, attempts: 0 });
    await ledger.afterMs(36_000);
    const error = `given up after 2 attempts: ${fault}`;
    expect(await ledger.find(1)).toMatchObject({ state: 'dead', error });
    expect(ledger.source.reports.flat()).toMatchObject([{ customer_id: 1, state: 'failed', error }]);
    expect(ledger.target.posts).toEqual([]);
    const lines = ledger.logger.lines.map(({ message }) => message);
    expect(lines).toContain(`no package for customer 1 yet: ${fault}; the CRM is read again in 5 s`);
    expect(lines).toContain(`no package for customer 1 yet: ${fault}; the CRM is read again in 30 s, attempt 3 of 3`);
  });

  it('is dead at once, with the reason, if the CRM has it no longer', async () => {
    await using ledger = await aPolledLedger(kind, [nameless(1)]);
    ledger.source.customers.pop();
    await ledger.afterMs(6_000);
    expect(await ledger.find(1)).toMatchObject({ state: 'dead', error: 'the CRM has this customer no longer' });
  });

  it('waits for a CRM that is away, and uses up no wait of its schedule', async () => {
    await using ledger = await aPolledLedger(kind, [nameless(1)]);
    const { fetchPage } = ledger.source;
    const away: CustomerSource['fetchPage'] = async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' });
    ledger.context.source = { ...ledger.source, fetchPage: away };
    for (let hour = 0; hour < 5; hour += 1) await ledger.afterMs(3_600_000);
    expect(await ledger.find(1)).toMatchObject({ state: 'retrying', error: 'CRM cannot be reached' });
    ledger.context.source = { ...ledger.source, fetchPage };
    ledger.source.customers[0] = aCustomer(1);
    await ledger.afterMs(3_600_000);
    expect(await ledger.find(1)).toMatchObject({ state: 'delivered' });
  });
});

describe.each(databases)('a record that the Inventory refuses, the ledger on %s', (kind) => {
  it('is posted again once the CRM shows another name, and not before', async () => {
    await using ledger = await aPolledLedger(kind, [aCustomer(1)], refusal);
    expect(await ledger.find(1)).toMatchObject({ state: 'retrying', error: 'Inventory answered 400: no' });
    ledger.target.answerEverybody(undefined);
    await ledger.afterMs(6_000);
    expect(ledger.target.posts).toHaveLength(1);
    ledger.source.customers[0] = aCustomer(1, { name: 'Better' });
    await ledger.afterMs(36_000);
    expect(ledger.target.packages).toMatchObject([{ customerId: 1, name: 'Better' }]);
    expect(await ledger.find(1)).toMatchObject({ state: 'delivered', error: null });
  });

  it("is dead after the schedule, with the Inventory's reason", async () => {
    await using ledger = await aPolledLedger(kind, [aCustomer(1)], refusal);
    await ledger.afterMs(6_000);
    expect(await ledger.find(1)).toMatchObject({ state: 'retrying', attempts: 1 });
    await ledger.afterMs(36_000);
    const error = 'given up after 3 attempts: Inventory answered 400: no';
    expect(await ledger.find(1)).toMatchObject({ state: 'dead', error });
    expect(ledger.target.posts).toHaveLength(1);
  });

  it('is posted again at a replay, whatever the CRM shows', async () => {
    await using ledger = await aPolledLedger(kind, [aCustomer(1)], refusal);
    ledger.target.answerEverybody(undefined);
    await replay(ledger.context, 1);
    await ledger.sync.settle();
    expect(await ledger.find(1)).toMatchObject({ state: 'delivered' });
  });

  it('is one of a group, whose other records go on', async () => {
    const target = fakeTarget();
    const createMany = async (requests: Parameters<typeof target.createMany>[0]) => {
      target.posts.push(...requests);
      const answers = requests.map((one): Answer => (one.customerName === 'Customer 3' ? refusal() : target.make(one)));
      return { kind: 'answers', answers } as const;
    };
    const source = fakeSource(manyCustomers(60));
    await using test = await testContext(kind, { source, target: { ...target, createMany } });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect([target.posts.length, target.packages.length]).toEqual([60, 59]);
    expect(await getDelivery(test.context, 3)).toMatchObject({ state: 'retrying', attempts: 1 });
    source.customers[2] = aCustomer(3, { name: 'Better' });
    test.clock.advance(6_000);
    await sync.settle();
    expect(await getDelivery(test.context, 3)).toMatchObject({ state: 'delivered', customer_name: 'Better' });
  });
});
