import { call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import type { SpawnedService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { expectOnePackageEach, linesOf, memoryPeakMb, startMiddleware, tooLarge } from './a-daemon-of-broken-peers.ts';
import { type BehaviourName, type PeerRequest, playCrm, playInventory } from './broken-peer.ts';

const isPostFor = (id: number) => (request: PeerRequest) => request.method === 'POST' && request.body.customerId === id;
/** The post for this customer, and the look-up of its package. */
const isAbout = (id: number) => (request: PeerRequest) =>
  isPostFor(id)(request) || request.url.searchParams.get('customerId') === String(id);

type Attempt = { error: string | null; next_attempt_at: string | null };

/** Every attempt of the customer's delivery, as the operations port lists them. */
async function attemptsOf(id: number, middleware: SpawnedService): Promise<Attempt[]> {
  return (await call(middleware, `GET /deliveries/${id}`)).body.history ?? [];
}

/** Waits until at least `min` attempts have failed for this reason. */
function failuresOf(id: number, middleware: SpawnedService, says: RegExp, min = 1): Promise<Attempt[]> {
  return eventually(async () => {
    const attempts = await attemptsOf(id, middleware);
    const failures = attempts.filter(({ error }) => error !== null && says.test(error));
    if (failures.length < min)
      throw new Error(`not ${min} of ${says}: ${attempts.map(({ error }) => error).join('; ')}`);
    return failures;
  });
}

describe.concurrent('a middleware with a broken peer', () => {
  it.each<[BehaviourName, RegExp, number?]>([
    ['resets the connection', /Inventory .*ECONNRESET/],
    ['resets the connection once its work is done', /Inventory .*ECONNRESET/],
    ['closes the connection in mid-answer', /Inventory (broke off|closed|cut)/],
    ['never answers', /Inventory did not answer in time/],
    ['answers a byte at a time', /Inventory did not answer in time/],
    ['answers in HTML', /Inventory answered 200 without a package id/],
    ['answers with no package', /Inventory answered 200 without a package id/, 3],
  ])('delivers once to an Inventory that %s, and delays no other customer', async (name, says, failuresMin = 1) => {
    await using crm = await playCrm(3);
    await using inventory = await playInventory();
    inventory.breaks(name, isPostFor(2));
    await using middleware = await startMiddleware({ crm, inventory });
    const failures = await failuresOf(2, middleware, says, failuresMin);
    await eventually(() => [1, 3].every((id) => inventory.owners().includes(id)));
    await inventory.recovers();
    await expectOnePackageEach(3, inventory, middleware);
    expect(failures.at(-1)?.next_attempt_at).toBeTruthy();
    expect((await attemptsOf(2, middleware)).at(-1)).toMatchObject({ error: null, next_attempt_at: null });
    expect(linesOf(middleware, says).filter((line) => line.includes('customer 2 '))).not.toEqual([]);
  });

  it.each<BehaviourName>(['closes the connection in mid-answer', 'never answers though its work is done'])(
    'does not post again, before a look-up, to an Inventory that %s',
    async (name) => {
      await using crm = await playCrm(3);
      await using inventory = await playInventory();
      inventory.breaks(name, isAbout(2));
      await using middleware = await startMiddleware({ crm, inventory });
      await failuresOf(2, middleware, /./, 2);
      await inventory.recovers();
      await expectOnePackageEach(3, inventory, middleware);
      expect(inventory.requests.filter(isPostFor(2))).toHaveLength(1);
    },
  );

  it('finds the package that the Inventory created when its reply was lost', async () => {
    await using crm = await playCrm(3);
    await using inventory = await playInventory();
    inventory.breaks('resets the connection once its work is done', isPostFor(2));
    await using middleware = await startMiddleware({ crm, inventory }, { DELIVERY_RETRIES: '1' });
    await expectOnePackageEach(3, inventory, middleware);
    expect((await attemptsOf(2, middleware)).at(-1)).toMatchObject({ error: null });
    expect(inventory.requests.filter(isPostFor(2))).toHaveLength(1);
  });

  it('delivers to the other customers while one delivery hangs', async () => {
    await using crm = await playCrm(3);
    await using inventory = await playInventory();
    inventory.breaks('never answers', isPostFor(2));
    await using middleware = await startMiddleware({ crm, inventory }, { DELIVERY_TIMEOUT_MS: '60000' });
    await eventually(() => inventory.owners().join() === '1,3');
    crm.add();
    await eventually(() => inventory.owners().join() === '1,3,4');
    expect(await attemptsOf(2, middleware)).toEqual([]);
  });

  it('delivers once to an Inventory that refuses connections for a while', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    await inventory.refuses();
    await using middleware = await startMiddleware({ crm, inventory });
    for (const id of [1, 2]) await failuresOf(id, middleware, /Inventory .*ECONNREFUSED/);
    await inventory.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    for (const id of [1, 2]) expect((await attemptsOf(id, middleware)).at(-1)).toMatchObject({ error: null });
    expect(linesOf(middleware, /customer 2 .*ECONNREFUSED/)).not.toEqual([]);
  });

  it('reads a bounded part of each endless answer of the Inventory', async () => {
    await using crm = await playCrm(3);
    await using inventory = await playInventory();
    inventory.breaks('answers without end', (request) => isPostFor(2)(request) || isPostFor(3)(request));
    await using middleware = await startMiddleware({ crm, inventory }, { DELIVERY_TIMEOUT_MS: '10000' });
    for (const id of [2, 3]) await failuresOf(id, middleware, tooLarge, 2);
    await inventory.recovers();
    await expectOnePackageEach(3, inventory, middleware);
    expect(memoryPeakMb(middleware)).toBeLessThan(300);
  });
});
