import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay, replayEnded } from '../src/commands/replay.ts';
import { settle } from '../src/commands/settle.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { Retry } from '../src/delivery.ts';
import type { Answer, PackageTarget } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSettling } from '../src/settling.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, busy, fakeClock, fakeSource, fakeTarget, owner, testContext, unanswered } from './fakes.ts';

const waitMs = 70_000;

/** An Inventory without idempotency that answers no first post, and a daemon that has made it. */
async function aLostAnswer(kind: (typeof databases)[number], overrides: Partial<PackageTarget> = {}) {
  await using resources = new AsyncDisposableStack();
  const clock = fakeClock();
  const target = Object.assign(fakeTarget(), overrides);
  target.script(1, unanswered);
  const source = fakeSource([aCustomer(1)]);
  const settling = createSettling(clock, waitMs);
  const test = resources.use(await testContext(kind, { source, target, clock, settling }));
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  const owned = resources.move();
  const arrive = () => target.make({ customerId: 1, customerName: 'Customer 1', idempotencyKey: '' });
  const state = async () => (await getDelivery(test.context, 1)).state;
  return { ...test, clock, target, source, sync, arrive, state, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.each(databases)('a post whose answer is lost, the ledger on %s', (kind) => {
  it('is looked up only once it has settled, and finds a package that was created late', async () => {
    await using lost = await aLostAnswer(kind);
    lost.clock.advance(waitMs - 1_000);
    await lost.sync.runOnce();
    expect(lost.target.posts).toHaveLength(1);
    lost.arrive();
    lost.clock.advance(1_000);
    await lost.sync.runOnce();
    expect(await lost.state()).toBe('delivered');
    expect(lost.target.packages).toHaveLength(1);
  });

  it('is not posted again after a look-up that came before it had settled, however long the next answer takes', async () => {
    await using lost = await aLostAnswer(kind);
    lost.clock.advance(waitMs - 5_000);
    await replay(lost.context, 1);
    lost.target.idempotency = async () => {
      lost.clock.advance(10_000);
      return 'none' as const;
    };
    await lost.sync.settle();
    expect(lost.target.posts).toHaveLength(1);
  });

  it('is posted again if the Inventory has no package once it has settled', async () => {
    await using lost = await aLostAnswer(kind);
    lost.clock.advance(waitMs);
    await lost.sync.runOnce();
    expect(lost.target.posts).toHaveLength(2);
    expect(await lost.state()).toBe('delivered');
  });

  it.each([
    ['a replay', (context: MiddlewareContext) => replay(context, 1)],
    [
      'a clock that is set forward',
      (context: MiddlewareContext) => (context.clock as ReturnType<typeof fakeClock>).set(86_400_000),
    ],
  ])('is not posted again by %s before it has settled', async (_name, hurry) => {
    await using lost = await aLostAnswer(kind);
    lost.clock.advance(5_000);
    await hurry(lost.context);
    await lost.sync.runOnce();
    expect(lost.target.posts).toHaveLength(1);
    lost.arrive();
    lost.clock.advance(waitMs);
    await lost.sync.runOnce();
    expect(await lost.state()).toBe('delivered');
    expect(lost.target.packages).toHaveLength(1);
  });

  it('waits no longer because the clock was set back', async () => {
    await using lost = await aLostAnswer(kind);
    lost.clock.set(-86_400_000);
    lost.clock.advance(waitMs);
    await lost.sync.runOnce();
    expect(await lost.state()).toBe('delivered');
  });

  it('waits anew after a restart, because the clock may have been set meanwhile', async () => {
    await using lost = await aLostAnswer(kind);
    lost.clock.set(86_400_000);
    const settling = createSettling(lost.clock, waitMs);
    const next = createSync({ ...lost.context, settling }, owner);
    await next.runOnce();
    expect(lost.target.posts).toHaveLength(1);
    lost.clock.advance(waitMs);
    await next.runOnce();
    expect(lost.target.posts).toHaveLength(2);
  });

  it('is settled after kill -9 too, because the post may have been sent', async () => {
    await using lost = await aLostAnswer(kind);
    await lost.context.db
      .updateTable('deliveries')
      .set({
        claimed_at: lost.clock.now().toISOString(),
        before_post: 'nothing',
        doubt_at: null,
        due_at: lost.clock.now().toISOString(),
      })
      .execute();
    const next = createSync({ ...lost.context, settling: createSettling(lost.clock, waitMs) }, owner);
    await next.runOnce();
    expect(lost.target.posts).toHaveLength(1);
    lost.clock.advance(waitMs);
    await next.runOnce();
    expect(lost.target.posts).toHaveLength(2);
  });

  it('is repeated at once at an Inventory that refuses doubles for ever', async () => {
    await using lost = await aLostAnswer(kind, { idempotency: async () => 'permanent' });
    lost.clock.advance(6_000);
    await lost.sync.runOnce();
    expect(await lost.state()).toBe('delivered');
  });

  it('consumes no more of the retry schedule while it settles', async () => {
    await using lost = await aLostAnswer(kind);
    for (let time = 0; time < 20; time += 1) {
      await replay(lost.context, 1);
      await lost.sync.settle();
    }
    expect(await lost.state()).toBe('retrying');
    expect((await getDelivery(lost.context, 1)).error).toContain('it may still create a package');
  });
});

describe.each(databases)('a look-up that finds nothing, the ledger on %s', (kind) => {
  /** Two customers have packages, and the answer for the third is lost. */
  async function aThird(find: PackageTarget['find']) {
    await using resources = new AsyncDisposableStack();
    const clock = fakeClock();
    const fake = fakeTarget();
    const target = { ...fake, find: fake.find as PackageTarget['find'] };
    const source = fakeSource([aCustomer(1), aCustomer(2)]);
    const settling = createSettling(clock, waitMs);
    const test = resources.use(await testContext(kind, { source, target, clock, settling }));
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    fake.script(3, unanswered);
    source.customers.push(aCustomer(3));
    await sync.runOnce();
    target.find = find;
    clock.advance(waitMs);
    await sync.runOnce();
    const owned = resources.move();
    return {
      fake,
      state: (await getDelivery(test.context, 3)).state,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  it('is not believed if it does not find a package that is known, either', async () => {
    await using third = await aThird(async () => ({ kind: 'none' }));
    expect([third.state, third.fake.packages.length]).toEqual(['held', 2]);
  });

  it('is made again later if the known package cannot be looked up now', async () => {
    await using third = await aThird(async (id) => (id === 3 ? { kind: 'none' } : (busy() as Retry)));
    expect([third.state, third.fake.packages.length]).toEqual(['retrying', 2]);
  });
});

const mute = {
  find: async () => ({ kind: 'unknown' }) as const,
  findMany: async () => ({ kind: 'unsupported' }) as never,
};

describe.each(databases)(
  'a post whose answer is lost, at an Inventory that cannot be asked, the ledger on %s',
  (kind) => {
    it('is held once it has settled, says where to look, and is reported as failed', async () => {
      await using lost = await aLostAnswer(kind, mute);
      lost.clock.advance(waitMs);
      await lost.sync.runOnce();
      const error =
        'the answer to the post was lost at 2026-01-01 00:00:00Z and this Inventory cannot be asked; ' +
        'look there for customer 1, then "replay 1" or "settle 1 --package ID"';
      expect(await getDelivery(lost.context, 1)).toMatchObject({ state: 'held', error, next_attempt_at: null });
      expect(lost.source.reports.at(-1)).toMatchObject([{ customer_id: 1, state: 'failed', error }]);
      lost.clock.advance(86_400_000);
      await lost.sync.runOnce();
      expect(lost.target.posts).toHaveLength(1);
    });

    it('is delivered with the package that a person has found', async () => {
      await using lost = await aLostAnswer(kind, mute);
      lost.clock.advance(waitMs);
      await lost.sync.runOnce();
      await settle(lost.context, 1, 'P-1');
      await settle(lost.context, 1, 'P-1');
      await lost.sync.settle();
      expect(await getDelivery(lost.context, 1)).toMatchObject({ state: 'delivered', package_id: 'P-1', error: null });
      expect(lost.source.reports.at(-1)).toMatchObject([{ customer_id: 1, state: 'delivered', package_id: 'P-1' }]);
      await expect(settle(lost.context, 1, 'P-2')).rejects.toThrow('Customer 1 already has package "P-1"');
      await expect(settle(lost.context, 7, 'P-2')).rejects.toThrow('has not been seen');
    });

    it('is posted again when a person says that there is no package', async () => {
      await using lost = await aLostAnswer(kind, mute);
      lost.clock.advance(waitMs);
      await lost.sync.runOnce();
      expect(await replayEnded(lost.context, { state: 'held' })).toBe(1);
      await lost.sync.settle();
      expect(await lost.state()).toBe('delivered');
      expect(lost.target.posts).toHaveLength(2);
    });

    it.each<[string, Partial<PackageTarget>]>([
      ['wants another token for look-ups', { find: async () => ({ kind: 'forbidden' }) }],
      ['has not said yet whether it refuses doubles', { idempotency: async () => undefined }],
    ])('is not held while the Inventory %s', async (_name, given) => {
      await using lost = await aLostAnswer(kind, { ...mute, ...given });
      lost.clock.advance(waitMs);
      await lost.sync.runOnce();
      expect(await lost.state()).toBe('retrying');
      expect(lost.target.posts).toHaveLength(1);
    });

    it('is not held after a definite refusal', async () => {
      await using lost = await aLostAnswer(kind, { ...mute, idempotency: async () => 'permanent' });
      lost.target.script(1, busy);
      for (let time = 0; time < 3; time += 1) {
        lost.clock.advance(waitMs);
        await lost.sync.runOnce();
      }
      expect(await lost.state()).toBe('delivered');
    });
  },
);

describe.each(databases)('a replay of a delivered package, the ledger on %s', (kind) => {
  it('posts no second one at an Inventory whose list does not show it yet', async () => {
    const clock = fakeClock();
    let isListed = false;
    const fake = fakeTarget();
    const target = { ...fake, find: async (id: number) => (isListed ? fake.find(id) : ({ kind: 'none' } as const)) };
    const settling = createSettling(clock, waitMs);
    await using test = await testContext(kind, { source: fakeSource([aCustomer(1)]), target, clock, settling });
    const sync = createSync(test.context, owner);
    clock.advance(waitMs);
    await sync.runOnce();
    await replay(test.context, 1);
    await sync.settle();
    expect(fake.posts).toHaveLength(1);
    isListed = true;
    clock.advance(waitMs);
    await sync.runOnce();
    expect(await getDelivery(test.context, 1)).toMatchObject({ state: 'delivered', package_id: 1 });
    expect(fake.packages).toHaveLength(1);
  });
});

describe.each(databases)('a group whose answer is lost, the ledger on %s', (kind) => {
  it('is looked up as a whole once it has settled, and posts only what is missing', async () => {
    const clock = fakeClock();
    const target = fakeTarget();
    const customers = Array.from({ length: 60 }, (_, index) => aCustomer(index + 1));
    let isLost = true;
    const groups: number[] = [];
    target.createMany = async (requests) => {
      groups.push(requests.length);
      const answers: Answer[] = requests.filter((_, index) => !isLost || index < 40).map(target.make);
      return isLost ? (unanswered() as never) : { kind: 'answers', answers };
    };
    const settling = createSettling(clock, waitMs);
    await using test = await testContext(kind, {
      source: fakeSource(customers),
      target,
      clock,
      settling,
      concurrency: 2,
    });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    isLost = false;
    for (let time = 0; time < 14; time += 1) {
      clock.advance(10_000);
      await sync.runOnce();
    }
    expect(new Set(target.packages.map(({ customerId }) => customerId)).size).toBe(60);
    expect(target.packages).toHaveLength(60);
    expect(groups[0]).toBe(60);
  });
});
