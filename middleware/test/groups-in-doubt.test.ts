import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import type { Retry } from '../src/delivery.ts';
import type { GroupAnswer, PackageRequest } from '../src/ports.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aBacklog, aGroupTarget, type GroupTarget, idsOf, packagesOf, sizesOf } from './a-group-target.ts';
import { manyCustomers, owner, unanswered } from './fakes.ts';

describe.each(databases)('a group whose answer is lost, the ledger on %s', (kind) => {
  it('is looked up, many customers in one call, before any customer is posted again', async () => {
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

  it('is looked up one by one if the Inventory does not support a look-up of many', async () => {
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
    const others = idsOf(160).slice(60);
    expect(target.finds).toEqual(expect.arrayContaining(others));
  });

  it('is not posted again while look-ups fail', async () => {
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

  it('leads to exactly one package each if the daemon is killed while it is in progress', async () => {
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
  it('waits if the Inventory is unavailable for the look-up of many', async () => {
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
