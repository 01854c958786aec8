import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { resume } from '../src/commands/pause.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { readFact, readPause, writeFact } from '../src/db/facts.ts';
import { namelessReason } from '../src/delivery.ts';
import { stopFor, toStranger } from '../src/intake/same-crm.ts';
import type { Answer } from '../src/ports.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { createSync } from '../src/sync.ts';
import { aCommandLine } from './a-command-line.ts';
import { aBacklog, aGroupTarget } from './a-group-target.ts';
import { idsOf, ledger } from './an-outage.ts';
import { aCustomer, fakeSource, fakeTarget, idsIn, manyCustomers, owner, testContext } from './fakes.ts';

const reason = 'Inventory answered 422: customer_ref is required';
const refused = (): Answer => ({ kind: 'rejected', reason, status: 422 });
const withoutId = (): Answer => ({
  kind: 'retry',
  reason: 'Inventory answered 201 without a package id',
  status: 201,
  inDoubt: true,
  whose: 'inventory',
});

const statesOf = async (context: MiddlewareContext) => (await ledger(context)).map(({ state }) => state);
const all = <State>(count: number, state: State) => Array<State>(count).fill(state);

async function aRefusal(kind: (typeof databases)[number], customers: number, answer = refused) {
  const source = fakeSource(manyCustomers(customers));
  const target = fakeTarget();
  target.answerEverybody(answer);
  const test = await testContext(kind, { source, target });
  return { ...test, source, target, sync: createSync(test.context, owner) };
}

describe.each(databases)('an Inventory that has refused everybody so far, the ledger on %s', (kind) => {
  it('pauses deliveries at the fifth customer, and nobody dies', async () => {
    await using test = await aRefusal(kind, 30);
    await test.sync.runOnce();
    const rows = await ledger(test.context);
    expect(rows.map(({ state }) => state)).toEqual(all(30, 'pending'));
    expect(test.target.posts.length).toBeLessThan(5 + 2 * test.context.concurrency);
    const asked = rows.filter(({ attempts }) => attempts > 0);
    expect(asked.map(({ error }) => error)).toEqual(all(asked.length, reason));
    expect(await readPause(test.context.db)).toEqual({
      since: test.context.clock.now().toISOString(),
      by: 'doorstep',
      reason: `no customer so far has got a package; a request for customer 5: ${reason}; expected was 2xx with the id of the package`,
    });
    const line = /^deliveries are paused since 2026-01-01 00:00:00: .*customer_ref is required.*"resume"/;
    expect(test.logger.lines.filter(({ message }) => line.test(message))).toHaveLength(1);
  });

  it('gets everybody after a resume, once it is corrected', async () => {
    await using test = await aRefusal(kind, 30);
    await test.sync.runOnce();
    test.target.answerEverybody(undefined);
    await resume(test.context);
    await test.sync.runOnce();
    expect(idsIn(test.target.packages)).toEqual(idsOf(30));
    expect(await statesOf(test.context)).toEqual(all(30, 'delivered'));
  });

  it('pauses them again at the fifth after a resume that came too early', async () => {
    await using test = await aRefusal(kind, 30);
    await test.sync.runOnce();
    const before = test.target.posts.length;
    await resume(test.context);
    await test.sync.runOnce();
    expect(test.target.posts.length - before).toBeGreaterThanOrEqual(5);
    expect(test.target.posts.length - before).toBeLessThan(5 + 2 * test.context.concurrency);
    expect(await statesOf(test.context)).toEqual(all(30, 'pending'));
    expect(await readPause(test.context.db)).toMatchObject({ by: 'doorstep' });
  });

  it('pauses them when it answers 2xx without an id, and the posts are looked for', async () => {
    await using test = await aRefusal(kind, 30, withoutId);
    await test.sync.runOnce();
    expect(await readPause(test.context.db)).toMatchObject({
      by: 'doorstep',
      reason: expect.stringContaining('answered 201 without a package id'),
    });
    const asked = (await ledger(test.context)).filter(({ attempts }) => attempts > 0);
    expect(asked.map(({ before_post }) => before_post)).toEqual(all(asked.length, 'look'));
  });

  it('pauses nothing with fewer than five customers, once one was delivered, or in an outage', async () => {
    await using few = await aRefusal(kind, 4);
    await few.sync.runOnce();
    expect(await statesOf(few.context)).toEqual(all(4, 'dead'));

    await using known = await aRefusal(kind, 1, () => undefined as never);
    await known.sync.runOnce();
    known.source.customers.push(...manyCustomers(30).slice(1));
    known.target.answerEverybody(refused);
    await createSync(known.context, owner).runOnce();
    expect(await statesOf(known.context)).toEqual(['delivered', ...all(29, 'dead')]);

    await using outage = await aRefusal(kind, 30, () => ({ ...(withoutId() as object), status: 503 }) as never);
    await outage.sync.runOnce();

    for (const { context } of [few, known, outage]) expect(await readPause(context.db)).toBeUndefined();
  });

  it('adds no pause of its own to a stop for other people', async () => {
    await using test = await aRefusal(kind, 1);
    const stranger = toStranger({ name: 'Ana', createdAt: undefined }, aCustomer(9));
    test.target.script(1, async () => {
      await stopFor(test.context, [stranger]);
      return refused();
    });
    await test.sync.runOnce();
    expect(await readFact(test.context.db, 'strangers')).toBeDefined();
    expect(await readFact(test.context.db, 'paused')).toBeUndefined();
    expect(await statesOf(test.context)).toEqual(['dead']);
  });

  it('pauses deliveries after one group, and nobody dies', async () => {
    const target = aGroupTarget();
    target.answerEach(refused);
    await using test = await aBacklog(kind, { customers: 600, target });
    await test.sync.runOnce();
    expect(await statesOf(test.context)).toEqual(all(600, 'pending'));
    expect(await readPause(test.context.db)).toMatchObject({ by: 'doorstep' });
    target.answerEach(() => undefined);
    await resume(test.context);
    await test.sync.runOnce();
    expect(await statesOf(test.context)).toEqual(all(600, 'delivered'));
  });
});

const fault = `${namelessReason}: expected is a text \`name\`; the record has id, full_name, mail`;
const nameless = (id: number) => aCustomer(id, { name: '', fault });

describe.each(databases)('a CRM that has shown nobody with a name so far, the ledger on %s', (kind) => {
  it.each([
    ['in one page', 300, 300],
    ['one after the other', 6, 1],
  ])('pauses deliveries, and nobody dies: %s', async (_how, count, pageSize) => {
    const source = fakeSource(
      idsOf(count).map((id) => nameless(id)),
      pageSize,
    );
    await using test = await testContext(kind, { source });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    await eventually(async () => expect(await statesOf(test.context)).toEqual(all(count, 'pending')));
    expect(await readPause(test.context.db)).toMatchObject({
      by: 'doorstep',
      reason: expect.stringMatching(/^no customer so far has a usable name; customer \d+: .* has id, full_name, mail$/),
    });

    await resume(test.context);
    await sync.runOnce();
    expect(await readPause(test.context.db)).toMatchObject({ by: 'doorstep' });
    expect(await statesOf(test.context)).toEqual(all(count, 'pending'));

    for (const customer of source.customers)
      Object.assign(customer, aCustomer(Number(customer.id)), { fault: undefined });
    await resume(test.context);
    await sync.runOnce();
    expect(await statesOf(test.context)).toEqual(all(count, 'delivered'));
  });

  it('pauses nothing with fewer than five, or if one has a name', async () => {
    const four = fakeSource([1, 2, 3, 4].map(nameless));
    const oneOfTen = fakeSource([...idsOf(9).map(nameless), aCustomer(10)]);
    for (const source of [four, oneOfTen]) {
      await using test = await testContext(kind, { source });
      await createSync(test.context, owner).runOnce();
      expect(await readPause(test.context.db)).toBeUndefined();
      expect((await statesOf(test.context)).filter((state) => state === 'pending')).toEqual([]);
    }
  });
});

describe('a pause by itself', () => {
  it('is explained with what was sent, what was answered and what was expected', async () => {
    const refusals = idsOf(6).map((id): [number, number] => [id, 422]);
    await using line = await aCommandLine('sqlite', { customers: 6, refusals });
    await line.run('poll');
    const sent = 'POST /packages {"customerId":\\d,"customerName":"Customer \\d","packageType":"welcome_pack_v1"}';
    const why = `${sent}: Inventory answered 422: not now; expected was 2xx with the id of the package`;
    const { out } = await line.run('status');
    expect(out).toMatch(/^delivered +0$/m);
    expect(out).toMatch(/^dead +0$/m);
    expect(out).toMatch(new RegExp(`^paused +since .*, by Doorstep itself: no customer .*; ${why}$`, 'm'));
    const explained = (await line.run('explain 1')).out;
    expect(explained).toMatch(/^Customer 1 \(Customer 1\): no package yet, because Inventory answered 422: not now;/);
    expect(explained).toMatch(
      new RegExp(`^At the moment deliveries are paused until "resume": no customer .*; ${why}`, 'm'),
    );
  });

  it('reads the pause of an earlier release', async () => {
    await using test = await testContext('sqlite');
    const { context } = test;
    await context.write((trx) => writeFact(trx, 'paused', '2026-01-01T00:00:00.000Z'));
    expect(await getStatus(context)).toMatchObject({
      paused: true,
      pause: { since: '2026-01-01T00:00:00.000Z', by: 'operator', reason: null },
    });
  });
});
