import { readFileSync } from 'node:fs';
import { call } from '@doorstep/kit/test/call.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { type SpawnedService, spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { type BehaviourName, type PeerRequest, playCrm, playInventory } from './broken-peer.ts';

type Peers = { crm: Awaited<ReturnType<typeof playCrm>>; inventory: Awaited<ReturnType<typeof playInventory>> };

/** The daemon between these two, on a ledger of its own, trying again as soon as it may. */
async function startMiddleware({ crm, inventory }: Peers, overrides: Record<string, string> = {}) {
  await using resources = new AsyncDisposableStack();
  const { dataDir } = resources.use(await freshDatabase('sqlite'));
  const settings = {
    DATA_DIR: dataDir,
    CRM_SERVICE_URL: crm.url,
    INVENTORY_SERVICE_URL: inventory.url,
    POLL_CRON: '* * * * * *',
    DELIVERY_TIMEOUT_MS: '500',
    DELIVERY_RETRIES: '0',
    RETRY_SCHEDULE: Array(30).fill('1s').join(),
    ...overrides,
  };
  const daemon = resources.use(await spawnService('middleware', settings));
  const running = resources.move();
  return { ...daemon, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const isFeed = ({ method }: PeerRequest) => method === 'GET';
const isReport = ({ method }: PeerRequest) => method === 'PUT';
const isPostFor = (id: number) => (request: PeerRequest) => request.method === 'POST' && request.body.customerId === id;
/** The post for this customer, and the question whether it has a package. */
const isAbout = (id: number) => (request: PeerRequest) =>
  isPostFor(id)(request) || request.url.searchParams.get('customerId') === String(id);

type Attempt = { error: string | null; next_attempt_at: string | null };

/** Every attempt at the customer's package, as the operations port shows them. */
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

const linesOf = (middleware: SpawnedService, says: RegExp) =>
  middleware
    .output()
    .split('\n')
    .filter((line) => says.test(line));

/** Its lines begin with the time; those of a stack trace or of a warning of Node's do not, or name a place in a file. */
const strayLine = /^(?!\d\d:\d\d:\d\d\.\d{3} ).|\.[jt]s:\d+:\d+/;

/** Waits until customers 1 to `count` are delivered to; then each has one package, and nothing has shaken the daemon. */
async function expectOnePackageEach(count: number, inventory: Peers['inventory'], middleware: SpawnedService) {
  await eventually(async () => (await call(middleware, 'GET /status')).body.deliveries.delivered === count);
  expect(inventory.owners()).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(middleware.process.exitCode).toBeNull();
  expect(linesOf(middleware, strayLine)).toEqual([]);
}

const tooLarge = /(CRM|Inventory) .*(too (large|big|long|much)|more than|larger)/;

/** The most memory that it has ever had, as Linux counts it; 0 elsewhere. */
function memoryPeakMb({ process: { pid } }: SpawnedService): number {
  if (process.platform !== 'linux') return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe.concurrent('a middleware with a broken peer', { timeout: 60_000 }, () => {
  // these two come first, for they take the longest: a CRM is given ten seconds, twice before it is told of
  it('goes on polling a CRM that never answers, and says so once', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('never answers', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => linesOf(middleware, /CRM gave no answer in time/).length === 1, 40_000);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, /CRM gave no answer in time/)).toHaveLength(1);
  });

  it('gives up waiting for a CRM that answers a byte at a time', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('answers a byte at a time', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => crm.requests.length > 0);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
  });

  it.each<[BehaviourName, RegExp, number?]>([
    ['resets the connection', /CRM .*ECONNRESET/],
    ['closes the connection in mid-answer', /CRM (broke off|closed|cut)/],
    ['answers in HTML', /CRM answered with something that is not a list/],
    ['answers with no list', /CRM answered with something that is not a list/, 6],
  ])('goes on polling a CRM that %s, and says so once', async (name, says, requestsMin = 4) => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks(name, isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => crm.requests.length >= requestsMin);
    expect((await call(middleware, 'GET /status')).body.last_poll.outcome).toBe('failed');
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, says)).toHaveLength(1);
    expect(linesOf(middleware, /polling works again/)).toHaveLength(1);
  });

  it('goes on polling a CRM that refuses connections, and says so once', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    await crm.refuses();
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => linesOf(middleware, /CRM .*ECONNREFUSED/).length === 1);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, /CRM .*ECONNREFUSED/)).toHaveLength(1);
  });

  it('takes a bounded part of the answer of a CRM that answers without end', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('answers without end', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => linesOf(middleware, tooLarge).length === 1, 40_000);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(memoryPeakMb(middleware)).toBeLessThan(700);
  });

  it('delivers to every customer of a CRM that lists what are no customers too', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('lists what are no customers too', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, /the CRM lists .*\bid\b/)).not.toEqual([]);
  });

  it('loses nobody of a CRM that answers in HTML whenever there is somebody to show', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('answers in HTML', (request) => isFeed(request) && Number(request.url.searchParams.get('after')) < 2);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(async () => (await call(middleware, 'GET /status')).body.last_poll !== null);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
  });

  it('delivers on time while the CRM never answers a report, and reports later', async () => {
    await using crm = await playCrm(1);
    await using inventory = await playInventory();
    crm.breaks('never answers', isReport);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => crm.requests.some(isReport));
    crm.add();
    // a report is given ten seconds
    await eventually(() => inventory.owners().includes(2), 7_000);
    await crm.refuses();
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    await eventually(() => [1, 2].every((id) => crm.reports.some(({ customer_id }) => customer_id === id)));
  });

  it.each<[BehaviourName, RegExp, number?]>([
    ['resets the connection', /Inventory .*ECONNRESET/],
    ['resets the connection once its work is done', /Inventory .*ECONNRESET/],
    ['closes the connection in mid-answer', /Inventory (broke off|closed|cut)/],
    ['never answers', /Inventory gave no answer in time/],
    ['answers a byte at a time', /Inventory gave no answer in time/],
    ['answers in HTML', /Inventory answered 200 without a package id/],
    ['answers with no package', /Inventory answered 200 without a package id/, 6],
  ])('delivers once by an Inventory that %s, and holds up nobody else', async (name, says, failuresMin = 1) => {
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
    'posts nothing again to an Inventory that %s before it can look',
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

  it('finds at once what an Inventory has made whose reply was lost', async () => {
    await using crm = await playCrm(3);
    await using inventory = await playInventory();
    inventory.breaks('resets the connection once its work is done', isPostFor(2));
    const patient = { DELIVERY_RETRIES: '1', DELIVERY_TIMEOUT_MS: '10000' };
    await using middleware = await startMiddleware({ crm, inventory }, patient);
    await expectOnePackageEach(3, inventory, middleware);
    expect(await attemptsOf(2, middleware)).toMatchObject([{ error: null }]);
  });

  it('delivers to the others while one delivery hangs', async () => {
    await using crm = await playCrm(3);
    await using inventory = await playInventory();
    inventory.breaks('never answers', isPostFor(2));
    await using middleware = await startMiddleware({ crm, inventory }, { DELIVERY_TIMEOUT_MS: '60000' });
    await eventually(() => inventory.owners().join() === '1,3');
    crm.add();
    await eventually(() => inventory.owners().join() === '1,3,4');
    expect(await attemptsOf(2, middleware)).toEqual([]);
  });

  it('delivers once by an Inventory that refuses connections for a while', async () => {
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

  it('takes a bounded part of each answer of an Inventory that answers without end', async () => {
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
