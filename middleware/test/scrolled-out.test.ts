import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { pause, resume } from '../src/commands/pause.ts';
import { replay } from '../src/commands/replay.ts';
import type { CustomerSource } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { aCustomer, busy, fakeSource, fakeTarget, idsIn, listed, manyCustomers, owner, testContext } from './fakes.ts';

const shownMax = 20;

/** A CRM that shows its newest 20 customers, and no others. */
function newestOf(count: number) {
  const fake = fakeSource(manyCustomers(count));
  const crm = { asked: 0 };
  const source: CustomerSource = {
    ...fake,
    async fetchPage() {
      crm.asked += 1;
      const paging = { saysMore: true, next: undefined, number: undefined };
      return { kind: 'page', ...listed(fake.customers.slice(-shownMax)), more: true, unusable: [], paging };
    },
  };
  return { crm, source, customers: fake.customers };
}

describe.each(databases)('a customer that the CRM shows no longer, as it shows only its newest, on %s', (kind) => {
  /** 20 customers that wait, and as many new ones, so that none of the first is shown. */
  async function aWaitingLedger(databaseKind: Kind) {
    const { crm, source, customers } = newestOf(shownMax);
    const target = fakeTarget();
    const test = await testContext(databaseKind, { source, target });
    const sync = createSync(test.context, owner);
    await pause(test.context);
    await sync.runOnce();
    customers.push(...Array.from({ length: shownMax }, (_, index) => aCustomer(shownMax + 1 + index)));
    test.clock.advance(60_001);
    await resume(test.context);
    crm.asked = 0;
    return { ...test, crm, target, sync };
  }

  it('gets its package as it was recorded, at the cost of a few calls for all', async () => {
    await using test = await aWaitingLedger(kind);
    await test.sync.settle();
    expect(idsIn(test.target.packages)).toEqual(manyCustomers(shownMax).map(({ id }) => id));
    expect(test.crm.asked).toBeLessThanOrEqual(3);
  });

  it('is probed for in an outage, with a post', async () => {
    await using test = await aWaitingLedger(kind);
    test.target.answerEverybody(busy);
    await test.sync.settle();
    expect(test.sync.breaker()).toBe('open');
    test.target.posts.length = 0;
    for (let polls = 0; polls < 4; polls += 1) {
      test.clock.advance(60_001);
      await test.sync.runOnce();
    }
    expect(test.target.posts).toHaveLength(4);
  });

  it('keeps to its retry schedule if it has to be read, and is dead with the reason then', async () => {
    await using test = await aWaitingLedger(kind);
    await test.sync.settle();
    const mine = test.target.packages.findIndex(({ customerId }) => customerId === 7);
    test.target.packages.splice(mine, 1);
    const others = [...test.target.packages];
    await replay(test.context, 7);
    for (let tries = 0; tries < 3; tries += 1) {
      await test.sync.settle();
      test.clock.advance(60_000);
    }
    const { state, error, history } = await getDelivery(test.context, 7);
    expect([state, error]).toEqual([
      'dead',
      'given up after 4 attempts: the CRM shows only a part of its list, without this customer',
    ]);
    expect(history).toHaveLength(4);
    expect(test.target.packages).toEqual(others);
  });
});
