import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import type { SeenCustomer } from '../src/delivery.ts';
import { createLateComers } from '../src/intake/late-comers.ts';
import type { CustomerPage } from '../src/ports.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, fakeSource, listed, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('late-comers, the ledger on %s', (kind) => {
  const page = (customers: SeenCustomer[]): CustomerPage => ({
    kind: 'page',
    ...listed(customers),
    more: false,
    unusable: [],
  });

  async function lateComersOf(customers: SeenCustomer[]) {
    const test = await testContext(kind, { source: fakeSource(customers) });
    await createSync(test.context, owner).runOnce();
    let queries = 0;
    const db = new Proxy(test.context.db, {
      get(target, name) {
        if (name === 'selectFrom') queries += 1;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return { ...test, lateComers: createLateComers(db), queries: () => queries };
  }

  it('cost no query while the list is unchanged, and one query after a change', async () => {
    const customers = manyCustomers(100);
    await using late = await lateComersOf(customers);
    const first = await late.lateComers.find(page(customers), 100);
    first.recorded();
    expect([first.customers, late.queries()]).toEqual([[], 1]);
    for (let poll = 0; poll < 10; poll += 1) {
      const again = await late.lateComers.find(page(customers), 100);
      again.recorded();
      expect(again).toMatchObject({ customers: [], isWhole: true, isNew: false });
    }
    expect(late.queries()).toBe(1);
    const changed = await late.lateComers.find(page(customers.slice(1)), 100);
    expect([changed.isNew, late.queries()]).toEqual([true, 2]);
  });

  it('cost no query if the CRM lists only new customers', async () => {
    await using late = await lateComersOf(manyCustomers(10));
    const found = await late.lateComers.find(page([aCustomer(11)]), 10);
    expect(found).toMatchObject({ customers: [], isWhole: false });
    expect(late.queries()).toBe(0);
  });

  it('are found again until they are recorded', async () => {
    await using late = await lateComersOf([aCustomer(1), aCustomer(3)]);
    const list = page([aCustomer(1), aCustomer(2), aCustomer(3)]);
    expect((await late.lateComers.find(list, 3)).customers).toEqual([aCustomer(2)]);
    expect((await late.lateComers.find(list, 3)).customers).toEqual([aCustomer(2)]);
  });

  it('are found in a list longer than one comparison step', async () => {
    const customers = manyCustomers(20_005).filter(({ id }) => ![1, 10_000, 10_001, 20_003].includes(id));
    await using test = await testContext(kind);
    for (let start = 0; start < customers.length; start += 1_000) {
      const rows = customers.slice(start, start + 1_000).map(({ id, name }) => ({
        customer_id: id,
        customer_name: name,
        state: 'delivered' as const,
        attempts: 1,
        report_pending: 0 as const,
        recorded_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:00:00.000Z',
        waits_used: 0,
        before_post: 'nothing' as const,
      }));
      await test.context.write((trx) => trx.insertInto('deliveries').values(rows).execute());
    }
    const { customers: late } = await createLateComers(test.context.db).find(page(manyCustomers(20_005)), 20_005);
    expect(late.map(({ id }) => id)).toEqual([1, 10_000, 10_001, 20_003]);
  });
});
