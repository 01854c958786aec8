import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replayEnded } from '../src/commands/replay.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aDelivery, type Kind } from './a-polled-ledger.ts';
import { fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

/** `count` dead letters, each one second after the previous one. */
async function deadLetters(kind: Kind, count: number, overrides: Partial<MiddlewareContext> = {}) {
  const customers = manyCustomers(count);
  const source = fakeSource(customers);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target, ...overrides });
  const startMs = test.clock.now().getTime();
  const rows = customers.map(({ id, name }) => {
    const at = new Date(startMs + id * 1_000).toISOString();
    const state = { state: 'dead', attempts: 1, waits_used: 0, before_post: 'nothing', error: 'no' } as const;
    return {
      ...state,
      customer_id: id,
      customer_name: name,
      report_pending: 0 as const,
      recorded_at: at,
      updated_at: at,
    };
  });
  for (let start = 0; start < rows.length; start += 1_000) {
    const slice = rows.slice(start, start + 1_000);
    await test.context.write((trx) => trx.insertInto('deliveries').values(slice).execute());
  }
  await test.context.write((trx) =>
    trx.insertInto('cursors').values({ name: 'customers', last_seen_id: count }).execute(),
  );
  test.clock.advance((count + 1) * 1_000);
  const at = (id: number) => new Date(startMs + id * 1_000).toISOString();
  return { ...test, source, target, at, sync: createSync(test.context, owner) };
}

describe.each(databases)('a replay of dead letters, the ledger on %s', (kind) => {
  it('replays all of them, more than a thousand', async () => {
    await using dead = await deadLetters(kind, 2_100);
    expect(await replayEnded(dead.context, { state: 'dead' })).toBe(2_100);
    expect(await ledgerSummary(dead.context)).toMatchObject({ deliveries: { pending: 2_100, dead: 0 } });
    expect(await replayEnded(dead.context, { state: 'dead' })).toBe(0);
  });

  it('replays those that died from `since` until before `until`', async () => {
    await using dead = await deadLetters(kind, 10);
    expect(await replayEnded(dead.context, { state: 'dead', since: dead.at(3), until: dead.at(6) })).toBe(3);
    const waiting = await listDeliveries(dead.context, { after: 0, limit: 100, state: 'pending' });
    expect(waiting.map(({ customer_id }) => customer_id)).toEqual([3, 4, 5]);
    expect(await replayEnded(dead.context, { state: 'dead', since: dead.at(9) })).toBe(2);
    expect(await replayEnded(dead.context, { state: 'dead', until: dead.at(2) })).toBe(1);
    await dead.sync.settle();
    const still = await listDeliveries(dead.context, { after: 0, limit: 100, state: 'dead' });
    expect(still.map(({ customer_id }) => customer_id)).toEqual([2, 6, 7, 8]);
  });

  it('replays no delivery that is not dead', async () => {
    await using delivered = await aDelivery(kind);
    expect(await replayEnded(delivered.context, { state: 'dead' })).toBe(0);
    expect(await getDelivery(delivered.context, 1)).toMatchObject({ state: 'delivered' });
  });

  it('delivers once to each customer, in groups too, and reads customers from the CRM by the page', async () => {
    await using dead = await deadLetters(kind, 1_200);
    const { context, target, source } = dead;
    target.createMany = async (requests) => ({ kind: 'answers', answers: requests.map(target.make) });
    target.make({ customerId: 600, customerName: 'Customer 600', idempotencyKey: '' });
    await replayEnded(context, { state: 'dead' });
    await dead.sync.settle();
    expect(new Set(target.packages.map(({ customerId }) => customerId)).size).toBe(1_200);
    expect(target.packages).toHaveLength(1_200);
    expect(await ledgerSummary(context)).toMatchObject({ deliveries: { delivered: 1_200 } });
    expect(source.asked.length).toBeLessThan(10);
  });

  it('is not blocked by one customer that the CRM cannot return', async () => {
    await using dead = await deadLetters(kind, 100);
    const { context, target, source } = dead;
    context.source = {
      ...source,
      async fetchPage(after, limit) {
        const page = await source.fetchPage(after, limit);
        const isBroken = page.kind === 'page' && page.customers.some(({ id }) => id === 50);
        return isBroken ? { kind: 'unreadable', reason: 'CRM answered 500' } : page;
      },
    };
    await replayEnded(context, { state: 'dead' });
    await dead.sync.settle();
    expect(target.packages).toHaveLength(99);
  });
});
