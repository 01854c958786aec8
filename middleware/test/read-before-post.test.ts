import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { pause, resume } from '../src/commands/pause.ts';
import type { CustomerKey } from '../src/delivery.ts';
import type { CustomerSource } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { aCustomer, busy, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

const minuteMs = 60_000;

/** Customers that wait while deliveries are paused, all of them recorded now. */
async function aWaitingLedger(kind: Kind, count: number, pageSize = 500) {
  const source = fakeSource(manyCustomers(count), pageSize);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target });
  const sync = createSync(test.context, owner);
  await pause(test.context);
  await sync.runOnce();
  await resume(test.context);
  source.asked.length = 0;
  return { ...test, source, target, sync };
}

const away: CustomerSource['fetchPage'] = async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' });

describe.each(databases)('a delivery that has waited more than a minute since the last reading, on %s', (kind) => {
  it('is posted under the name that the CRM shows now, without a look-up', async () => {
    await using waiting = await aWaitingLedger(kind, 1);
    waiting.source.customers[0] = aCustomer(1, { name: 'Renamed' });
    waiting.clock.advance(minuteMs + 1);
    await waiting.sync.settle();
    expect(waiting.target.packages).toMatchObject([{ customerId: 1, name: 'Renamed' }]);
    expect(await getDelivery(waiting.context, 1)).toMatchObject({ customer_name: 'Renamed', attempts: 1 });
    expect([waiting.source.asked, waiting.target.finds]).toEqual([[0], []]);
  });

  it('gets no package if the customer was deleted meanwhile', async () => {
    await using waiting = await aWaitingLedger(kind, 2);
    waiting.source.customers.shift();
    waiting.clock.advance(minuteMs + 1);
    await waiting.sync.settle();
    expect(idsIn(waiting.target.packages)).toEqual([2]);
    const error = 'the CRM has this customer no longer';
    expect(await getDelivery(waiting.context, 1)).toMatchObject({ state: 'dead', error });
  });

  it('is not read again after a shorter wait', async () => {
    await using waiting = await aWaitingLedger(kind, 1);
    waiting.clock.advance(minuteMs);
    await waiting.sync.settle();
    expect([idsIn(waiting.target.packages), waiting.source.asked]).toEqual([[1], []]);
  });

  it.each([2 * minuteMs, -2 * minuteMs])('is read again if the clock was set by %i ms', async (byMs) => {
    await using waiting = await aWaitingLedger(kind, 1);
    waiting.clock.set(byMs);
    await waiting.sync.settle();
    expect([idsIn(waiting.target.packages), waiting.source.asked]).toEqual([[1], [0]]);
  });

  it('shares the pages of the CRM with others, alone or in groups', async () => {
    await using waiting = await aWaitingLedger(kind, 45);
    waiting.clock.advance(minuteMs + 1);
    await waiting.sync.settle();
    expect(waiting.target.packages).toHaveLength(45);
    expect(waiting.source.asked.length).toBeLessThanOrEqual(2);
  });

  it('is read once for several attempts within a minute', async () => {
    await using waiting = await aWaitingLedger(kind, 1);
    waiting.target.script(1, busy, busy);
    waiting.clock.advance(minuteMs + 1);
    await waiting.sync.settle();
    waiting.clock.advance(6_000);
    await waiting.sync.settle();
    waiting.clock.advance(36_000);
    await waiting.sync.settle();
    expect([idsIn(waiting.target.packages), waiting.source.asked]).toEqual([[1], [0]]);
  });

  it('waits for a CRM that is away, costs one call in a while, and keeps its whole retry schedule', async () => {
    await using waiting = await aWaitingLedger(kind, 60);
    let calls = 0;
    const failing: CustomerSource['fetchPage'] = (...asked) => {
      calls += 1;
      return away(...asked);
    };
    waiting.context.source = { ...waiting.source, fetchPage: failing };
    waiting.clock.advance(minuteMs + 1);
    for (let seconds = 0; seconds < 3_600; seconds += 5) {
      await waiting.sync.settle();
      waiting.clock.advance(5_000);
    }
    expect(calls).toBeLessThan(20);
    const { state, history } = await getDelivery(waiting.context, 1);
    expect([state, history.length < 20]).toEqual(['retrying', true]);
    const rows = await waiting.context.db.selectFrom('deliveries').select('waits_used').execute();
    expect(rows.every(({ waits_used }) => waits_used === 0)).toBe(true);
    waiting.context.source = waiting.source;
    await waiting.sync.runOnce();
    expect(waiting.target.packages).toHaveLength(60);
  });

  it('does not keep others waiting that were read just now', async () => {
    await using waiting = await aWaitingLedger(kind, 1);
    waiting.clock.advance(minuteMs + 1);
    const { fetchPage } = waiting.source;
    // the CRM answers polls and no other questions
    const isPoll = (after: CustomerKey, limit?: number) => after === 1 && limit === undefined;
    waiting.context.source = {
      ...waiting.source,
      fetchPage: (...asked) => (isPoll(...asked) || asked[1] !== 2 ? fetchPage(...asked) : away(...asked)),
    };
    waiting.source.customers.push(aCustomer(2), aCustomer(3));
    await waiting.sync.runOnce();
    expect(idsIn(waiting.target.packages)).toEqual([2, 3]);
    expect(await getDelivery(waiting.context, 1)).toMatchObject({ state: 'retrying', error: 'CRM cannot be reached' });
  });
});

describe.each(databases)('a probe in a long outage, the ledger on %s', (kind) => {
  it('goes to a delivery that need not be read again, if there is one', async () => {
    await using waiting = await aWaitingLedger(kind, 6);
    waiting.target.answerEverybody(busy);
    await waiting.sync.settle();
    expect(waiting.sync.breaker()).toBe('open');
    waiting.clock.advance(minuteMs + 1);
    waiting.source.customers.push(aCustomer(7));
    waiting.target.posts.length = 0;
    await waiting.sync.runOnce();
    expect(waiting.target.posts.map(({ customerId }) => customerId)).toEqual([7]);
  });
});
