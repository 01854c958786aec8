import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import type { MiddlewareContext } from '../src/context.ts';
import type { Retry } from '../src/delivery.ts';
import type { Answer, GroupAnswer, PackageRequest } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeSource, fakeTarget, manyCustomers, owner, testContext, unanswered } from './fakes.ts';

type GroupReply = GroupAnswer | undefined | Promise<GroupAnswer | undefined>;

/** An Inventory without idempotency that takes groups. `replies` come first, one for each; undefined: the packages. */
function aGroupTarget(...replies: ((requests: PackageRequest[]) => GroupReply)[]) {
  const target = fakeTarget();
  const groups: number[][] = [];
  const questions: number[][] = [];
  const { findMany } = target;
  let everybody: (request: PackageRequest) => Answer | undefined = () => undefined;
  const makeAll = (requests: PackageRequest[]): GroupAnswer => ({
    kind: 'answers',
    answers: requests.map((request) => everybody(request) ?? target.make(request)),
  });
  return {
    ...target,
    groups,
    questions,
    makeAll,
    /** What each customer of a group is answered; undefined: the package. */
    answerEach(answer: typeof everybody) {
      everybody = answer;
    },
    async createMany(requests: PackageRequest[]): Promise<GroupAnswer> {
      groups.push(requests.map(({ customerId }) => customerId));
      return (await replies.shift()?.(requests)) ?? makeAll(requests);
    },
    findMany(customerIds: number[], witnesses: [number, number]) {
      questions.push(customerIds);
      return findMany(customerIds, witnesses);
    },
  };
}

type GroupTarget = ReturnType<typeof aGroupTarget>;

async function aBacklog(
  kind: (typeof databases)[number],
  { customers, ...overrides }: { customers: number } & Partial<MiddlewareContext>,
) {
  const source = fakeSource(manyCustomers(customers), 1000);
  const test = await testContext(kind, { source, ...overrides });
  return { ...test, source, sync: createSync(test.context, owner) };
}

const sizesOf = ({ groups }: GroupTarget) => groups.map((group) => group.length);
const packagesOf = ({ packages }: GroupTarget) => packages.map(({ customerId }) => customerId).sort((a, b) => a - b);
const idsOf = (count: number) => manyCustomers(count).map(({ id }) => id);

describe.each(databases)('groups, the ledger on %s', (kind) => {
  it('carry more than 50, at most 500 in each', async () => {
    const target = aGroupTarget();
    await using backlog = await aBacklog(kind, { customers: 1_120, target });
    await backlog.sync.runOnce();
    expect(Math.max(...sizesOf(target))).toBe(500);
    expect(sizesOf(target).reduce((sum, size) => sum + size)).toBe(1_120);
    expect(target.posts).toEqual([]);
    expect(packagesOf(target)).toEqual(idsOf(1_120));
    expect(await getDelivery(backlog.context, 1_120)).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(backlog.source.reports.flat()).toHaveLength(1_120);
  });

  it('are not made for 50 or fewer', async () => {
    const target = aGroupTarget();
    await using backlog = await aBacklog(kind, { customers: 50, target });
    await backlog.sync.runOnce();
    expect(target.groups).toEqual([]);
    expect(target.posts).toHaveLength(50);
    backlog.source.customers.push(...manyCustomers(101).slice(50));
    await backlog.sync.runOnce();
    expect(sizesOf(target)).toEqual([51]);
  });

  it('are under way three at once, and no more', async () => {
    const answers: (() => void)[] = [];
    const held = () => new Promise<undefined>((resolve) => answers.push(() => resolve(undefined)));
    const target = aGroupTarget(held, held, held, held, held);
    await using backlog = await aBacklog(kind, { customers: 2_500, target });
    await backlog.sync.poll();
    await eventually(() => answers.length >= 3, 10_000);
    void backlog.sync.settle();
    expect(answers).toHaveLength(3);
    answers.shift()?.();
    await eventually(() => target.groups.length === 4, 10_000);
    expect(answers).toHaveLength(3);
    await eventually(() => {
      for (const answer of answers.splice(0)) answer();
      return target.packages.length === 2_500;
    });
    await backlog.sync.settle();
  });

  it('are judged one by one: each customer by its own answer', async () => {
    const target = aGroupTarget();
    target.make({ customerId: 2, customerName: 'Customer 2', idempotencyKey: '' });
    target.make({ customerId: 5, customerName: 'Customer 5', idempotencyKey: '' });
    const conflict: Answer = {
      kind: 'conflict',
      otherwise: { ...(busy() as object), reason: 'answered 409' } as never,
    };
    const own = new Map<number, Answer>([
      [2, { kind: 'delivered', packageId: 1, status: 200, existed: true }],
      [3, { kind: 'rejected', reason: 'Inventory answered 400: no', status: 400 }],
      [4, { kind: 'retry', reason: 'answered 500', status: 500, inDoubt: false, whose: 'customer' }],
      [5, conflict],
      [6, conflict],
    ]);
    target.answerEach(({ customerId }) => own.get(customerId));
    await using backlog = await aBacklog(kind, { customers: 60, target });
    await backlog.sync.runOnce();
    const delivery = (id: number) => getDelivery(backlog.context, id);
    expect(await delivery(1)).toMatchObject({ state: 'delivered', package_id: 3 });
    expect(await delivery(2)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(await delivery(3)).toMatchObject({ state: 'dead', error: 'Inventory answered 400: no' });
    expect(await delivery(4)).toMatchObject({ state: 'retrying', next_attempt_at: '2026-01-01T00:00:05.000Z' });
    expect(await delivery(5)).toMatchObject({ state: 'delivered', package_id: 2 });
    expect(await delivery(6)).toMatchObject({ state: 'retrying', error: 'answered 409' });
    expect(target.finds).toEqual([5, 6]);
    expect(backlog.sync.breaker()).toBe('closed');
    expect(await ledgerSummary(backlog.context)).toMatchObject({ deliveries: { delivered: 57, retrying: 2, dead: 1 } });
  });

  it('open the breaker where one fails as a whole, which uses up no waits', async () => {
    const target = aGroupTarget(() => busy() as GroupAnswer);
    await using backlog = await aBacklog(kind, { customers: 300, target });
    await backlog.sync.runOnce();
    await backlog.sync.settle();
    expect(sizesOf(target)).toEqual([300]);
    const rows = await backlog.context.db.selectFrom('deliveries').selectAll().execute();
    expect(rows.every((row) => row.waits_used === 0 && row.state !== 'dead')).toBe(true);
  });

  it('give way to single posts, one at first, after one has failed as a whole', async () => {
    const target = aGroupTarget(() => busy() as GroupAnswer);
    const underWayAtStart: number[] = [];
    let underWay = 0;
    target.create = async (request) => {
      underWay += 1;
      underWayAtStart.push(underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return target.make(request);
    };
    await using backlog = await aBacklog(kind, { customers: 300, target, concurrency: 16 });
    await backlog.sync.runOnce();
    await backlog.sync.runOnce();
    expect(Math.max(...underWayAtStart.slice(0, 6))).toBeLessThanOrEqual(4);
    expect(Math.max(...underWayAtStart)).toBeLessThanOrEqual(16);
    expect(packagesOf(target)).toEqual(idsOf(300));
    expect(target.groups.length).toBeGreaterThan(1);
  });

  it('do not stop because of one customer that makes every group fail that it is in', async () => {
    const poisons = (requests: PackageRequest[]) => requests.some(({ customerId }) => customerId === 60);
    const target = aGroupTarget();
    target.createMany = async (requests) => (poisons(requests) ? (busy() as GroupAnswer) : target.makeAll(requests));
    target.answerEverybody((request) => (poisons([request]) ? busy() : undefined));
    await using backlog = await aBacklog(kind, { customers: 150, target, concurrency: 16 });
    for (let poll = 0; poll < 40 && target.packages.length < 149; poll += 1) {
      await backlog.sync.runOnce();
      backlog.clock.advance(5_000);
    }
    expect(packagesOf(target)).toEqual(idsOf(150).filter((id) => id !== 60));
  });
});

describe.each(databases)('an Inventory that takes no groups, the ledger on %s', (kind) => {
  it('is asked once, and everybody gets one package by a post of their own', async () => {
    const target = aGroupTarget(() => ({ kind: 'unsupported', inDoubt: false, reason: 'there are no groups' }));
    await using backlog = await aBacklog(kind, { customers: 300, target, concurrency: 16 });
    await backlog.sync.runOnce();
    expect(target.groups).toHaveLength(1);
    expect(target.posts).toHaveLength(300);
    expect(packagesOf(target)).toEqual(idsOf(300));
    expect(target.finds).toEqual([]);
    expect(await getDelivery(backlog.context, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
    backlog.source.customers.push(...manyCustomers(400).slice(300));
    await backlog.sync.runOnce();
    expect(target.groups).toHaveLength(1);
    expect(packagesOf(target)).toEqual(idsOf(400));
  });

  it('is asked by no more groups than are under way when it says so, again after a thousand posts, and that is told once', async () => {
    const target = aGroupTarget();
    target.createMany = async (requests) => {
      target.groups.push(requests.map(({ customerId }) => customerId));
      return { kind: 'unsupported', inDoubt: false, reason: 'there are no groups' };
    };
    await using backlog = await aBacklog(kind, { customers: 2_000, target, concurrency: 64 });
    await backlog.sync.runOnce();
    const large = sizesOf(target).filter((size) => size === 500);
    expect(large.length).toBeLessThanOrEqual(3);
    expect(target.groups.length - large.length).toBeGreaterThanOrEqual(1);
    expect(target.groups.length - large.length).toBeLessThanOrEqual(3);
    expect(target.posts).toHaveLength(2_000);
    const told = backlog.logger.lines.filter(({ message }) => message.includes('one by one'));
    expect(told.map(({ message }) => message)).toEqual(['there are no groups; packages are posted one by one']);
  });

  it('is given groups again after a thousand posts, where only a gateway had said so', async () => {
    const target = aGroupTarget();
    const { createMany } = target;
    target.createMany = async (requests) => {
      const isAway = target.posts.length < 500;
      return isAway ? { kind: 'unsupported', inDoubt: false, reason: 'there are no groups' } : createMany(requests);
    };
    await using backlog = await aBacklog(kind, { customers: 3_000, target, concurrency: 16 });
    await backlog.sync.runOnce();
    expect(target.posts.length).toBeGreaterThanOrEqual(1_000);
    expect(target.posts.length).toBeLessThan(1_200);
    expect(sizesOf(target)).toContain(204);
    expect(packagesOf(target)).toEqual(idsOf(3_000));
  });

  it('gives nobody a second package though it has made some before it said so', async () => {
    const target = aGroupTarget((requests) => {
      for (const request of requests.slice(0, 30)) target.make(request);
      return { kind: 'unsupported', inDoubt: true, reason: 'there are no results' };
    });
    await using backlog = await aBacklog(kind, { customers: 60, target });
    await backlog.sync.runOnce();
    expect(packagesOf(target)).toEqual(idsOf(60));
    expect(target.groups).toHaveLength(1);
    expect(target.posts).toHaveLength(30);
    expect([...target.finds].sort((a, b) => a - b)).toEqual(idsOf(60));
  });

  it('is given smaller ones where it only refuses large ones', async () => {
    const target = aGroupTarget();
    target.createMany = async (requests) => {
      target.groups.push(requests.map(({ customerId }) => customerId));
      if (requests.length > 130) return { kind: 'refused', inDoubt: false, reason: 'Inventory answered 413' };
      return target.makeAll(requests);
    };
    await using backlog = await aBacklog(kind, { customers: 600, target });
    await backlog.sync.runOnce();
    expect(new Set(sizesOf(target).filter((size) => size > 130))).toEqual(new Set([500, 250]));
    expect(sizesOf(target).filter((size) => size > 130).length).toBeLessThanOrEqual(5);
    expect(sizesOf(target)).toContain(125);
    expect(target.posts.length).toBeLessThanOrEqual(50);
    expect(packagesOf(target)).toEqual(idsOf(600));
    expect(await getDelivery(backlog.context, 1)).toMatchObject({ attempts: 1 });
    expect(backlog.logger.lines.map(({ message }) => message)).toContain(
      'Inventory answered 413; packages are posted 250 at once',
    );
  });

  it('is given single posts in the end where it refuses every group', async () => {
    const target = aGroupTarget();
    target.createMany = async (requests) => {
      target.groups.push(requests.map(({ customerId }) => customerId));
      return { kind: 'refused', inDoubt: false, reason: 'Inventory answered 400' };
    };
    await using backlog = await aBacklog(kind, { customers: 500, target, concurrency: 16 });
    await backlog.sync.runOnce();
    expect([...new Set(sizesOf(target))].slice(0, 4)).toEqual([500, 250, 125, 62]);
    expect(sizesOf(target).length).toBeLessThanOrEqual(20); // of those, some to see whether it takes groups by now
    expect(target.posts).toHaveLength(500);
    expect(packagesOf(target)).toEqual(idsOf(500));
  });
});

describe.each(databases)('a group whose answer is lost, the ledger on %s', (kind) => {
  it('is looked up, many by one question, before anybody is posted again', async () => {
    const lost = (requests: PackageRequest[]) => {
      for (const request of requests.slice(0, 250)) target.make(request);
      return unanswered() as GroupAnswer;
    };
    const target: GroupTarget = aGroupTarget(() => undefined, lost);
    await using backlog = await aBacklog(kind, { customers: 60, target });
    await backlog.sync.runOnce();
    backlog.source.customers.push(...manyCustomers(560).slice(60));
    await backlog.sync.runOnce();
    expect(sizesOf(target)).toEqual([60, 500]);
    backlog.clock.advance(5_000);
    await backlog.sync.runOnce();
    expect(packagesOf(target)).toEqual(idsOf(560));
    expect(Math.max(...target.questions.map((question) => question.length))).toBe(200);
    expect(target.questions.length).toBeLessThan(10);
    expect(new Set(target.finds)).toEqual(new Set(idsOf(560).slice(60)));
    expect(await ledgerSummary(backlog.context)).toMatchObject({ deliveries: { delivered: 560 } });
  });

  it('is looked up one by one where the Inventory does not understand a question for many', async () => {
    const lost = (requests: PackageRequest[]) => {
      for (const request of requests.slice(0, 30)) target.make(request);
      return unanswered() as GroupAnswer;
    };
    const target: GroupTarget = aGroupTarget(() => undefined, lost);
    const notUnderstood = { ...target, findMany: async () => ({ kind: 'unsupported' }) as const };
    await using backlog = await aBacklog(kind, { customers: 60, target: notUnderstood });
    await backlog.sync.runOnce();
    backlog.source.customers.push(...manyCustomers(160).slice(60));
    await backlog.sync.runOnce();
    await backlog.sync.runOnce();
    expect(packagesOf(target)).toEqual(idsOf(160));
    expect(new Set(target.finds)).toEqual(new Set(idsOf(160).slice(60)));
  });

  it('is not posted again while the Inventory cannot be asked', async () => {
    const lost = (requests: PackageRequest[]) => {
      for (const request of requests) target.make(request);
      return unanswered() as GroupAnswer;
    };
    const target: GroupTarget = aGroupTarget(lost);
    let away = true;
    const sometimes = {
      ...target,
      find: async (id: number) => (away ? (unanswered() as Retry) : target.find(id)),
      findMany: async (ids: number[], witnesses: [number, number]) =>
        away ? (unanswered() as Retry) : target.findMany(ids, witnesses),
    };
    await using backlog = await aBacklog(kind, { customers: 100, target: sometimes });
    for (let poll = 0; poll < 5; poll += 1) await backlog.sync.runOnce();
    expect(target.groups).toHaveLength(1);
    expect(target.posts).toEqual([]);
    away = false;
    await backlog.sync.runOnce();
    expect(packagesOf(target)).toEqual(idsOf(100));
    expect(await ledgerSummary(backlog.context)).toMatchObject({ deliveries: { delivered: 100 } });
  });

  it('gives exactly one package each though the daemon is killed while it is under way', async () => {
    const target = aGroupTarget((requests) => {
      for (const request of requests.slice(0, 70)) target.make(request);
      return new Promise(() => {});
    });
    await using backlog = await aBacklog(kind, { customers: 100, target });
    await backlog.sync.poll();
    await eventually(() => target.groups.length === 1);
    const restarted = createSync(backlog.context, owner);
    await restarted.runOnce();
    expect(packagesOf(target)).toEqual(idsOf(100));
  });
});

describe.each(databases)('a group in doubt, the ledger on %s', (kind) => {
  it('waits where the question for many finds the Inventory away', async () => {
    const stuck = (requests: PackageRequest[]) => {
      for (const request of requests.slice(0, 70)) target.make(request);
      return new Promise<undefined>(() => {});
    };
    const target: GroupTarget = aGroupTarget(() => undefined, stuck);
    await using backlog = await aBacklog(kind, { customers: 60, target });
    await backlog.sync.runOnce();
    backlog.source.customers.push(...manyCustomers(160).slice(60));
    await backlog.sync.poll();
    await eventually(() => target.groups.length === 2);
    backlog.context.target = { ...target, findMany: async () => unanswered() as Retry };
    await createSync(backlog.context, owner).runOnce();
    expect(target.groups).toHaveLength(2);
    expect(target.posts).toEqual([]);
    backlog.context.target = target;
    await createSync(backlog.context, owner).runOnce();
    expect(packagesOf(target)).toEqual(idsOf(160));
  });
});

describe.each(databases)('a group with customers to be read again, the ledger on %s', (kind) => {
  it('carries those that the CRM still has, by the names that it gives them now', async () => {
    const target = aGroupTarget();
    await using backlog = await aBacklog(kind, { customers: 0, target });
    const { context } = backlog;
    await context.write(async (trx) => {
      const now = context.clock.now().toISOString();
      const row = { customer_name: 'before', attempts: 0, waits_used: 0, before_post: 'read and look' } as const;
      const times = { due_at: now, recorded_at: now, updated_at: now };
      const rows = idsOf(80).map((customer_id) => ({ ...row, ...times, customer_id, state: 'pending' as const }));
      await trx
        .insertInto('deliveries')
        .values(rows.map((one) => ({ ...one, report_pending: 0 as const })))
        .execute();
    });
    context.source = fakeSource(manyCustomers(80).filter(({ id }) => id !== 40));
    await backlog.sync.settle();
    expect(packagesOf(target)).toEqual(idsOf(80).filter((id) => id !== 40));
    expect(target.packages.find(({ customerId }) => customerId === 41)?.name).toBe(aCustomer(41).name);
    expect(await getDelivery(context, 40)).toMatchObject({
      state: 'dead',
      error: 'the CRM has this customer no longer',
    });
    expect(sizesOf(target)).toEqual([79]);
  });
});
