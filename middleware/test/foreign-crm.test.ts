import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { crmClient } from '../src/adapters/crm-client.ts';
import type { IntegrationResult } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

const baseUrl = 'http://foreign-crm.test';

/** A CRM that answers every call with its whole list, each time in another order. */
function aForeignCrm(entries: unknown[]) {
  const reports: IntegrationResult[] = [];
  nock(baseUrl)
    .persist()
    .get('/customers')
    .query(true)
    .reply(200, () => entries.toSorted(() => Math.random() - 0.5));
  nock(baseUrl)
    .persist()
    .put('/customers/integration')
    .reply(async (request: Request) => {
      const { results } = (await request.json()) as { results: IntegrationResult[] };
      reports.push(...results);
      return [204];
    });
  const http = createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 2, token: async () => 'token' });
  return { source: crmClient(http, 500), entries, reports };
}

const anEntry = (id: unknown, more: object = {}) => ({
  id,
  name: `Customer ${id}`,
  email: `${id}@example.com`,
  ...more,
});
const someEntries = (count: number) => manyCustomers(count).map(({ id }) => anEntry(id));

afterEach(() => nock.cleanAll());

describe.each(databases)('a CRM that always returns its whole list, the ledger on %s', (kind) => {
  it('gets one package per customer, in whatever order it lists them, across a restart too', async () => {
    const crm = aForeignCrm(someEntries(1_200));
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target, concurrency: 64 });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 3; poll += 1) await sync.runOnce();
    await createSync(test.context, owner).runOnce();
    expect(target.posts).toHaveLength(1_200);
    expect(idsIn(target.packages)).toEqual(manyCustomers(1_200).map(({ id }) => id));
  });

  it('may add a customer with an id below the cursor', async () => {
    const crm = aForeignCrm([anEntry(10), anEntry(20), anEntry(30)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    crm.entries.push(anEntry(7), anEntry(25), anEntry(31));
    await sync.runOnce();
    await sync.runOnce();
    expect(idsIn(target.packages)).toEqual([7, 10, 20, 25, 30, 31]);
    expect(sync.lastPoll()).toMatchObject({ outcome: 'idle', seen: 0 });
    expect((await ledgerSummary(test.context)).cursor).toBe(31);
  });

  it('may add one between a restart and the first poll', async () => {
    const crm = aForeignCrm([anEntry(10), anEntry(20)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    await createSync(test.context, owner).runOnce();
    crm.entries.push(anEntry(15));
    await createSync(test.context, owner).runOnce();
    expect(idsIn(target.packages)).toEqual([10, 15, 20]);
  });

  it('is called at most twice per poll', async () => {
    const crm = aForeignCrm(someEntries(1_200));
    await using test = await testContext(kind, { source: crm.source, concurrency: 64 });
    let asked = 0;
    const { fetchPage } = crm.source;
    test.context.source = {
      ...crm.source,
      fetchPage: (...args) => {
        asked += 1;
        return fetchPage(...args);
      },
    };
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(asked).toBeLessThanOrEqual(2);
    await sync.runOnce();
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('may send ids as text, and unknown fields', async () => {
    const odd = { tags: ['a'], address: { city: 'Lisboa', lines: [null] }, status: 'active', integration: 7 };
    const crm = aForeignCrm([anEntry('12', odd), anEntry('9', odd), anEntry(10, odd)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(idsIn(target.packages)).toEqual([9, 10, 12]);
    expect(crm.reports.map(({ customer_id }) => customer_id).sort((a, b) => Number(a) - Number(b))).toEqual([
      9, 10, 12,
    ]);
  });

  it('may send times that no database can store', async () => {
    const times = [
      '+275760-09-13T00:00:00.000Z',
      '-000001-01-01T00:00:00.000Z',
      '-271821-04-20T00:00:00.000Z',
      '0000-01-01T00:00:00.000Z',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
      '2026-13-45',
      'infinity',
      '',
      null,
      0,
      {},
    ];
    const crm = aForeignCrm(times.map((created_at, index) => anEntry(index + 1, { created_at })));
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    await createSync(test.context, owner).runOnce();
    expect(idsIn(target.packages)).toEqual(times.map((_, index) => index + 1));
  });

  it('may send names that no database can store', async () => {
    const names = ['A\0B', '\ud800 alone', `${'x'.repeat(2_000)}`, "'); drop table deliveries; --", '{"a":1}', '7'];
    const crm = aForeignCrm(names.map((name, index) => anEntry(index + 1, { name })));
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    await createSync(test.context, owner).runOnce();
    expect(target.packages.toSorted((a, b) => a.customerId - b.customerId).map(({ name }) => name)).toEqual([
      'A B',
      '\ufffd alone',
      'x'.repeat(200),
      ...names.slice(3),
    ]);
  });
});

describe.each(databases)('entries without a valid customer id, the ledger on %s', (kind) => {
  it('are quarantined with the reason and logged once, across polls and a restart, and delay no customer', async () => {
    const unusable = [
      anEntry(-1),
      anEntry(0),
      anEntry(1.5),
      anEntry('a\u0007'),
      anEntry(1e300),
      {},
      null,
      'Bob',
      [],
      7,
    ];
    const crm = aForeignCrm([anEntry(1), ...unusable, anEntry(2)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 3; poll += 1) await sync.runOnce();
    await createSync(test.context, owner).runOnce();
    expect(idsIn(target.packages)).toEqual([1, 2]);
    const kept = await test.context.db.selectFrom('quarantine').selectAll().orderBy('entry').execute();
    expect(kept.map(({ entry }) => entry)).toEqual(unusable.map((entry) => JSON.stringify(entry)).sort());
    expect(kept.map(({ reason }) => reason)).toContain(
      'an entry with the id "a\\u0007"; an id is a positive integer or a text of 1 to 100 visible characters',
    );
    const told = test.logger.lines.filter(({ message }) => message.includes('quarantined'));
    expect(told).toHaveLength(unusable.length);
    expect((await ledgerSummary(test.context)).quarantined).toBe(unusable.length);
    crm.entries.push(anEntry(-2));
    await sync.runOnce();
    expect((await ledgerSummary(test.context)).quarantined).toBe(unusable.length + 1);
    expect(test.logger.lines.filter(({ message }) => message.includes('quarantined'))).toHaveLength(
      unusable.length + 1,
    );
  });

  it('cause no write if they are unchanged', async () => {
    const crm = aForeignCrm([anEntry(1), {}]);
    await using test = await testContext(kind, { source: crm.source });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    await test.context.write((trx) => trx.deleteFrom('quarantine').execute());
    await sync.runOnce();
    expect((await ledgerSummary(test.context)).quarantined).toBe(0);
  });
});

describe.each(databases)('a customer without a name, the ledger on %s', (kind) => {
  it('is read again before it becomes a dead letter with the reason, and delays no other customer', async () => {
    const nameless = [undefined, null, '', '  ', '\u200b'].map((name, index) => ({ ...anEntry(index + 2), name }));
    const crm = aForeignCrm([anEntry(1), ...nameless, anEntry(7)]);
    const target = fakeTarget();
    await using test = await testContext(kind, { source: crm.source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await sync.runOnce();
    expect(idsIn(target.packages)).toEqual([1, 7]);
    const reason = 'the CRM shows no name for this customer';
    const first = await getDelivery(test.context, 2);
    expect(first).toMatchObject({ state: 'retrying', error: expect.stringContaining(reason), attempts: 0 });
    for (const ms of [6_000, 36_000]) {
      test.clock.advance(ms);
      await sync.settle();
    }
    const error = expect.stringContaining(`given up after 2 attempts: ${reason}`);
    for (const { id } of nameless) {
      expect(await getDelivery(test.context, Number(id))).toMatchObject({ state: 'dead', error });
    }
    const failed = crm.reports.filter(({ state }) => state === 'failed');
    expect(failed.map(({ customer_id }) => customer_id).sort()).toEqual([2, 3, 4, 5, 6]);
    expect(failed[0]).toMatchObject({ error, package_id: null });
    expect(
      test.logger.lines.filter(
        ({ message }) => message.includes(reason) && message.endsWith('the CRM is read again in 5 s'),
      ),
    ).toHaveLength(nameless.length);
  });
});
