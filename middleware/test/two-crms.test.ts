import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import type { MiddlewareContext } from '../src/context.ts';
import type { CustomerKey } from '../src/delivery.ts';
import type { Answer, PackageRequest, PackageTarget } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, fakeSource, fakeTarget, listed, manyCustomers, owner, testContext, unanswered } from './fakes.ts';

/** An Inventory with one package for each customer, for ever, that shows whose it is. */
function permanentTarget(how: 'answers with it' | 'refuses' = 'answers with it') {
  const target = fakeTarget();
  const existing = (customerId: CustomerKey) => target.packages.find((made) => made.customerId === customerId);
  const bears = (name: string) => ({ name, createdAt: '2026-01-01T00:00:30.000Z' });
  const create: PackageTarget['create'] = async (request) => {
    const known = existing(request.customerId);
    if (!known) return target.create(request);
    target.posts.push(request);
    if (how === 'refuses') return { kind: 'conflict', otherwise: { kind: 'rejected', reason: 'no', status: 422 } };
    return { kind: 'delivered', packageId: known.id, status: 200, existed: true, bears: bears(known.name) };
  };
  const find: PackageTarget['find'] = async (customerId) => {
    const known = existing(customerId);
    return known ? { kind: 'found', packageId: known.id, bears: bears(known.name) } : { kind: 'none' };
  };
  return { ...target, create, find };
}

function group(target: ReturnType<typeof permanentTarget>): PackageTarget['createMany'] {
  return async (requests: PackageRequest[]) => {
    const answers = await Promise.all(requests.map((request) => target.create(request, { quickRetries: false })));
    return { kind: 'answers', answers: answers as Answer[] };
  };
}

const deliver = (context: MiddlewareContext) => createSync(context, owner).runOnce();

describe.each(databases)('two CRMs at one Inventory, the ledger on %s', (kind) => {
  it.each(['answers with it', 'refuses'] as const)(
    'hold the delivery of the second, if the Inventory %s: it may be the package of somebody else',
    async (how) => {
      const target = permanentTarget(how);
      await using berlin = await testContext(kind, { source: fakeSource([aCustomer(777, { name: 'Alice' })]), target });
      await using paris = await testContext(kind, { source: fakeSource([aCustomer(777, { name: 'Bob' })]), target });
      await deliver(berlin.context);
      await deliver(paris.context);
      expect(await getDelivery(berlin.context, 777)).toMatchObject({ state: 'delivered', package_id: 1 });
      expect(await getDelivery(paris.context, 777)).toMatchObject({
        state: 'held',
        package_id: null,
        error:
          'the Inventory has package 1 for customer 777 under another name (Alice); if these are customers of another CRM, set SOURCE_NAME; if it is the same person, settle 777 --package 1',
      });
      expect(target.packages).toHaveLength(1);
      expect(paris.logger.lines).toContainEqual({
        level: 'error',
        message: expect.stringMatching(/^no package for customer 777 \(Bob\), held: the Inventory has package 1 /),
      });
    },
  );

  it('hold only those of a group whose packages bear other names', async () => {
    const customers = Array.from({ length: 60 }, (_, index) => aCustomer(index + 1));
    const target = permanentTarget();
    for (const id of [7, 8]) target.make({ customerId: id, customerName: `Other ${id}`, idempotencyKey: '' });
    target.make({ customerId: 9, customerName: 'CUSTOMER  9', idempotencyKey: '' });
    await using paris = await testContext(kind, {
      source: fakeSource(customers),
      target: { ...target, createMany: group(target) },
    });
    await deliver(paris.context);
    const states = await paris.context.db.selectFrom('deliveries').select(['customer_id', 'state']).execute();
    const held = states.filter(({ state }) => state === 'held').map(({ customer_id }) => customer_id);
    expect(held.sort()).toEqual([7, 8]);
    expect(states.filter(({ state }) => state === 'delivered')).toHaveLength(58);
  });
});

describe('packages under other names', () => {
  async function aGroup() {
    const customers = manyCustomers(60);
    const source = fakeSource(customers);
    const target = permanentTarget();
    for (const { id } of customers) target.make({ customerId: id, customerName: `Other ${id}`, idempotencyKey: '' });
    const test = await testContext('sqlite', { source, target: { ...target, createMany: group(target) } });
    return { ...test, source };
  }
  const statesOf = async ({ db }: MiddlewareContext) => {
    const rows = await db.selectFrom('deliveries').select('state').execute();
    return new Set(rows.map(({ state }) => state));
  };

  it('cost the CRM a page for many customers', async () => {
    await using test = await aGroup();
    await deliver(test.context);
    expect(await statesOf(test.context)).toEqual(new Set(['held']));
    expect(test.source.asked.length).toBeLessThan(6);
  });

  it('cost a CRM that is away one call in a while', async () => {
    await using test = await aGroup();
    const { source, context } = test;
    let asked = 0;
    context.source = {
      ...source,
      async fetchPage(after, limit) {
        asked += 1;
        return asked === 1 ? source.fetchPage(after, limit) : { kind: 'unavailable', reason: 'CRM is away' };
      },
    };
    await deliver(context);
    expect(await statesOf(context)).toEqual(new Set(['retrying']));
    expect(asked).toBeLessThan(6);
  });

  it('are held at once if the CRM does not show the customer in its part of the list', async () => {
    await using test = await aGroup();
    const { source, context } = test;
    const paging = { saysMore: true, next: undefined, number: undefined };
    let customers = source.customers;
    context.source = {
      ...source,
      async fetchPage() {
        const page = { kind: 'page' as const, ...listed(customers), more: true, unusable: [], paging };
        customers = [aCustomer(1)];
        return page;
      },
    };
    await deliver(context);
    expect(await statesOf(context)).toEqual(new Set(['held']));
  });
});

describe('a renamed customer', () => {
  it('is no other person: the package of a post in doubt bears the name that the ledger knows', async () => {
    const target = permanentTarget();
    const source = fakeSource([aCustomer(1, { name: 'Alice Example' })]);
    target.script(1, () => {
      target.make({ customerId: 1, customerName: 'Alice Example', idempotencyKey: '' });
      return unanswered();
    });
    await using test = await testContext('sqlite', { source, target });
    await deliver(test.context);
    source.customers[0] = aCustomer(1, { name: 'Alice Married' });
    test.clock.advance(10_000);
    await deliver(test.context);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('is no other person: the package bears the name that the CRM shows now, but the ledger has never seen', async () => {
    const target = permanentTarget();
    target.make({ customerId: 1, customerName: 'Alice Married', idempotencyKey: '' });
    const source = fakeSource([aCustomer(1, { name: 'Alice Example' })]);
    await using test = await testContext('sqlite', { source, target });
    const sync = createSync(test.context, owner);
    await sync.poll();
    await sync.stop();
    const due_at = test.clock.now().toISOString();
    const waiting = { customer_name: 'Alice Example', state: 'pending', due_at } as const;
    await test.context.db.updateTable('deliveries').set(waiting).execute();
    const late = { ...source, customers: source.customers };
    late.customers[0] = aCustomer(1, { name: 'Alice Married' });
    await deliver(test.context);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });

  it('waits for the CRM if that cannot be asked for the name', async () => {
    const target = permanentTarget();
    target.make({ customerId: 1, customerName: 'Alice Married', idempotencyKey: '' });
    const source = fakeSource([aCustomer(1, { name: 'Alice Example' })]);
    const fetchPage: typeof source.fetchPage = (after, limit) =>
      limit === 2 ? Promise.resolve({ kind: 'unavailable', reason: 'CRM is away' }) : source.fetchPage(after, limit);
    await using test = await testContext('sqlite', { source: { ...source, fetchPage }, target });
    await deliver(test.context);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'retrying', error: 'CRM is away' });
    test.context.source = source;
    source.customers[0] = aCustomer(1, { name: 'Alice Married' });
    test.clock.advance(3_600_000);
    await deliver(test.context);
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
  });
});
