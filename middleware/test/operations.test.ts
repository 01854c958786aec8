import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createTokens } from '@doorstep/kit/auth.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMiddlewareConfig } from '../src/config.ts';
import { startMiddleware } from '../src/middleware.ts';
import type { Overrides } from '../src/open-context.ts';
import { fakeClock } from './fakes.ts';
import { startSmallCrm, startSmallInventory } from './neighbours.ts';

const never = '0 0 0 1 1 *';
const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';
const tokens = createTokens(JWT_SECRET_KEY);

const as = async (role: string) => ({ Authorization: `Bearer ${await tokens.sign({ subject: '7', role }, 60)}` });

/** A CRM, an Inventory, and what a daemon between them is started with. It polls at its start and when it is told to. */
async function aNeighbourhood(kind: DatabaseKind, environment: Record<string, string> = {}) {
  await using resources = new AsyncDisposableStack();
  const { dataDir, url } = resources.use(await freshDatabase(kind));
  const crm = resources.use(await startSmallCrm());
  const inventory = resources.use(await startSmallInventory());
  const settings = {
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    JWT_SECRET_KEY,
    LOG_LEVEL: 'error',
    CRM_SERVICE_URL: crm.url,
    INVENTORY_SERVICE_URL: inventory.url,
    POLL_CRON: never,
    RECONCILE_CRON: never,
    DELIVERY_RETRIES: '0',
    ...environment,
  };
  const running = resources.move();
  return { crm, inventory, settings, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A daemon in this process, whose first poll is over, with `customers` in the CRM from the start. */
async function aDaemon(kind: DatabaseKind, { environment = {}, customers = 0, ...overrides }: DaemonOptions = {}) {
  await using resources = new AsyncDisposableStack();
  const { crm, inventory, settings } = resources.use(await aNeighbourhood(kind, environment));
  const addCustomer = () => {
    const id = crm.customers.length + 1;
    crm.customers.push({ id, name: `Customer ${id}` });
    return id;
  };
  for (let count = 0; count < customers; count += 1) addCustomer();
  let middleware = await startMiddleware(readMiddlewareConfig({ PORT: '0', ...settings }), overrides);
  resources.defer(() => middleware[Symbol.asyncDispose]());
  const headers = await as('admin');
  const get = async (path: string) => (await call(middleware, `GET ${path}`, { headers })).body;
  const hasPolled = () => eventually(async () => (await get('/status')).last_poll !== null);
  await hasPolled();
  const running = resources.move();
  return {
    get url() {
      return middleware.url;
    },
    crm,
    inventory,
    addCustomer,
    get,
    post: (path: string, body?: unknown) => call(middleware, `POST ${path}`, { body, headers }),
    stateOf: async (id: number) => (await get(`/deliveries/${id}`)).state,
    becomes: (id: number, state: string) =>
      eventually(async () => expect((await get(`/deliveries/${id}`)).state).toBe(state)),
    async restart() {
      await middleware[Symbol.asyncDispose]();
      middleware = await startMiddleware(readMiddlewareConfig({ PORT: '0', ...settings }), overrides);
      await hasPolled();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type DaemonOptions = Overrides & { environment?: Record<string, string>; customers?: number };

type Daemon = Awaited<ReturnType<typeof aDaemon>>;

/** Counts requests to a server of this process as they arrive. */
function countRequests(path: string) {
  let count = 0;
  const onRequest = (message: unknown) => {
    if ((message as { request: IncomingMessage }).request.url === path) count += 1;
  };
  subscribe('http.server.request.start', onRequest);
  return {
    count: () => count,
    [Symbol.dispose]: () => void unsubscribe('http.server.request.start', onRequest),
  };
}

const linkOf = ({ headers }: { headers: Headers }) => headers.get('Link');
const idsOf = (rows: { customer_id: number }[]) => rows.map(({ customer_id }) => customer_id);

describe.each(databases)('POST /poll on %s', (kind) => {
  it('polls at once, and answers with what this poll has found', async () => {
    await using daemon = await aDaemon(kind);
    const asked = new Date().toISOString();
    for (const _ of [1, 2]) daemon.addCustomer();

    const found = await daemon.post('/poll');
    const idle = await daemon.post('/poll');

    expect([found.status, found.body]).toEqual([200, { at: expect.any(String), outcome: 'found', seen: 2 }]);
    expect(found.body.at >= asked).toBe(true);
    expect([idle.status, idle.body]).toEqual([200, { at: expect.any(String), outcome: 'idle', seen: 0 }]);
    expect((await daemon.get('/status')).last_poll).toEqual(idle.body);
    await daemon.becomes(2, 'delivered');
  });

  it('says why a poll has failed', async () => {
    await using daemon = await aDaemon(kind);
    daemon.crm.state.isDown = true;
    const { status, body } = await daemon.post('/poll');
    expect([status, body]).toEqual([
      200,
      { at: expect.any(String), outcome: 'failed', seen: 0, reason: 'CRM answered 503' },
    ]);
  });

  it('sees a customer who was added while another poll was under way, however many ask', async () => {
    await using daemon = await aDaemon(kind);
    daemon.crm.gate.hold();
    const first = daemon.post('/poll');
    await eventually(() => daemon.crm.gate.waiting() === 1);
    const id = daemon.addCustomer();
    using arrivals = countRequests('/poll');
    const others = [daemon.post('/poll'), daemon.post('/poll')];
    await eventually(() => arrivals.count() === others.length);
    daemon.crm.gate.release();

    expect((await first).body).toMatchObject({ outcome: 'idle', seen: 0 });
    for (const { body } of await Promise.all(others)) expect(body).toMatchObject({ outcome: 'found', seen: 1 });
    await daemon.becomes(id, 'delivered');
  });

  it('answers while what it has found is being delivered', async () => {
    await using daemon = await aDaemon(kind);
    daemon.inventory.gate.hold();
    const id = daemon.addCustomer();
    expect((await daemon.post('/poll')).body).toMatchObject({ outcome: 'found', seen: 1 });
    expect(await daemon.stateOf(id)).toBe('pending');
    daemon.inventory.gate.release();
    await daemon.becomes(id, 'delivered');
  });
});

describe.each(databases)('replaying on %s', (kind) => {
  it('delivers again what is dead, under the name that the CRM shows now, with every attempt kept', async () => {
    await using daemon = await aDaemon(kind);
    const { crm, inventory } = daemon;
    const id = daemon.addCustomer();
    inventory.refusals.set(id, 400);
    await daemon.post('/poll');
    await daemon.becomes(id, 'dead');
    inventory.refusals.clear();
    crm.customers[0] = { id, name: 'Renamed' };

    const { status, body } = await daemon.post(`/deliveries/${id}/replay`);

    expect([status, body]).toMatchObject([200, { customer_id: id, state: 'pending', attempts: 1, package_id: null }]);
    expect(body.history).toMatchObject([{ status: 400, error: 'Inventory answered 400: not now' }]);
    expect(Date.parse(body.next_attempt_at)).toBeLessThanOrEqual(Date.now());
    await daemon.becomes(id, 'delivered');
    expect(await daemon.get(`/deliveries/${id}`)).toMatchObject({
      customer_name: 'Renamed',
      attempts: 2,
      package_id: 1,
      error: null,
      next_attempt_at: null,
      history: [{ status: 400 }, { status: 201, error: null }],
    });
    expect(inventory.packages).toMatchObject([{ customerId: id, customerName: 'Renamed' }]);
  });

  it('gives what waits for its next attempt the whole schedule again, at once', async () => {
    await using daemon = await aDaemon(kind, { environment: { RETRY_SCHEDULE: '1h' } });
    const id = daemon.addCustomer();
    daemon.inventory.refusals.set(id, 503);
    await daemon.post('/poll');
    await daemon.becomes(id, 'retrying');

    expect((await daemon.post(`/deliveries/${id}/replay`)).body).toMatchObject({ state: 'pending', attempts: 1 });
    await eventually(async () => (await daemon.get(`/deliveries/${id}`)).attempts === 2);

    const { state, next_attempt_at } = await daemon.get(`/deliveries/${id}`);
    expect(state).toBe('retrying');
    expect(Date.parse(next_attempt_at)).toBeGreaterThan(Date.now());
  });

  it('finds the package of who has one, however often it is asked for', async () => {
    await using daemon = await aDaemon(kind, { customers: 1 });
    await daemon.becomes(1, 'delivered');

    for (const attempts of [2, 3, 4]) {
      expect((await daemon.post('/deliveries/1/replay')).status).toBe(200);
      await eventually(async () => (await daemon.get('/deliveries/1')).attempts === attempts);
      expect(await daemon.get('/deliveries/1')).toMatchObject({ state: 'delivered', package_id: 1 });
    }
    await Promise.all(Array.from({ length: 10 }, () => daemon.post('/deliveries/1/replay')));
    await daemon.becomes(1, 'delivered');
    expect([daemon.inventory.posts, daemon.inventory.packages.length]).toEqual([[1], 1]);
  });

  it('leaves alone what is under way just now', async () => {
    await using daemon = await aDaemon(kind);
    daemon.inventory.gate.hold();
    const id = daemon.addCustomer();
    await daemon.post('/poll');
    await eventually(() => daemon.inventory.gate.waiting() === 1);

    expect(await daemon.post(`/deliveries/${id}/replay`)).toMatchObject({ status: 200, body: { state: 'pending' } });
    daemon.inventory.gate.release();

    await daemon.becomes(id, 'delivered');
    expect(await daemon.get(`/deliveries/${id}`)).toMatchObject({ attempts: 1, history: [{ status: 201 }] });
    expect(daemon.inventory.posts).toEqual([id]);
  });

  it('of the dead delivers them all, and nobody else, and says how many', async () => {
    await using daemon = await aDaemon(kind, { customers: 4, environment: { RETRY_SCHEDULE: '1h' } });
    for (const id of [1, 2, 3, 4]) await daemon.becomes(id, 'delivered');
    const [dead, another, retrying] = [daemon.addCustomer(), daemon.addCustomer(), daemon.addCustomer()];
    for (const id of [dead, another]) daemon.inventory.refusals.set(id, 400);
    daemon.inventory.refusals.set(retrying, 503);
    await daemon.post('/poll');
    await daemon.becomes(retrying, 'retrying');
    for (const id of [dead, another]) await daemon.becomes(id, 'dead');
    daemon.inventory.refusals.clear();

    const { status, body } = await daemon.post('/deliveries/replay', { state: 'dead' });

    expect([status, body]).toEqual([200, { replayed: 2 }]);
    for (const id of [dead, another]) await daemon.becomes(id, 'delivered');
    expect(await daemon.get(`/deliveries/${retrying}`)).toMatchObject({ state: 'retrying', attempts: 1 });
    expect(daemon.inventory.posts.length).toBe(4 + 3 + 2);
    expect((await daemon.post('/deliveries/replay', { state: 'dead' })).body).toEqual({ replayed: 0 });
  });

  it('of the dead takes those who died at `since` or later and before `until`, wherever the clock was read', async () => {
    await using daemon = await theDeadOfThreeHours(kind);
    const replay = async (range: object) => {
      const { body } = await daemon.post('/deliveries/replay', { state: 'dead', ...range });
      return { ...body, left: idsOf(await daemon.get('/deliveries?state=dead')) };
    };
    expect(await replay({ since: '2026-01-01T14:00:00.001Z' })).toEqual({ replayed: 0, left: [1, 2, 3] });
    expect(await replay({ until: '2026-01-01T12:00:00Z' })).toEqual({ replayed: 0, left: [1, 2, 3] });
    expect(await replay({ since: '2026-01-01T14:00:00Z', until: '2026-01-01T12:00:00Z' })).toMatchObject({
      replayed: 0,
    });
    const oneHour = { since: '2026-01-01T14:00:00+01:00', until: '2026-01-01T09:00:00.000-05:00' };
    expect(await replay(oneHour)).toEqual({ replayed: 1, left: [1, 3] });
    expect(await replay({ until: '2026-01-01T18:30:00.000+05:30' })).toEqual({ replayed: 1, left: [3] });
    expect(await replay({ since: '2025-12-31T23:00:00-15:00' })).toEqual({ replayed: 1, left: [] });
  });

  it('of the dead takes every moment that it takes at all without a fault', async () => {
    await using daemon = await theDeadOfThreeHours(kind);
    const edges = [
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00Z',
      '0001-01-01T00:00:00+14:00',
      '9999-12-31T23:59:59Z',
      '9999-12-31T23:59:59-12:00',
    ];
    for (const edge of edges) {
      const isEarly = edge.startsWith('0');
      // nobody has died before or after such a moment
      const { status, body } = await daemon.post('/deliveries/replay', {
        state: 'dead',
        [isEarly ? 'until' : 'since']: edge,
      });
      if (status !== 400) expect([edge, status, body]).toEqual([edge, 200, { replayed: 0 }]);
    }
  });
});

/** Paused, with customers 1, 2 and 3, who died at 12, 13 and 14 o'clock. */
async function theDeadOfThreeHours(kind: DatabaseKind): Promise<Daemon> {
  const clock = fakeClock('2026-01-01T12:00:00.000Z');
  const daemon = await aDaemon(kind, { clock });
  for (const id of [1, 2, 3]) {
    daemon.crm.customers.push({ id, name: '' });
    await daemon.post('/poll');
    expect(await daemon.get(`/deliveries/${id}`)).toMatchObject({
      state: 'dead',
      updated_at: clock.now().toISOString(),
    });
    clock.advance(3_600_000);
  }
  await daemon.post('/pause');
  return daemon;
}

describe.each(databases)('a pause on %s', (kind) => {
  it('ends with nobody posted for, though polls and replays go on, until deliveries are resumed', async () => {
    await using daemon = await aDaemon(kind, { customers: 1 });
    await daemon.becomes(1, 'delivered');

    expect(await daemon.post('/pause')).toMatchObject({ status: 200, body: { paused: true } });
    daemon.addCustomer();
    expect((await daemon.post('/poll')).body).toMatchObject({ outcome: 'found', seen: 1 });
    expect((await daemon.post('/deliveries/1/replay')).body).toMatchObject({ state: 'pending' });
    await daemon.restart(); // which waits for whatever is under way

    expect(daemon.inventory.posts).toEqual([1]);
    expect(await daemon.get('/status')).toMatchObject({ paused: true, deliveries: { pending: 2, delivered: 0 } });
    expect(await daemon.post('/resume')).toMatchObject({ status: 200, body: { paused: false } });
    for (const id of [1, 2]) await daemon.becomes(id, 'delivered');
    expect(await daemon.get('/status')).toMatchObject({ paused: false, deliveries: { pending: 0, delivered: 2 } });
    expect(daemon.inventory.posts).toEqual([1, 2]);
  });

  it('lets what is under way come to its end, and nothing else begin', async () => {
    await using daemon = await aDaemon(kind, { environment: { DELIVERY_CONCURRENCY: '1' } });
    daemon.inventory.gate.hold();
    for (const _ of [1, 2, 3]) daemon.addCustomer();
    await daemon.post('/poll');
    await eventually(() => daemon.inventory.gate.waiting() === 1);

    await daemon.post('/pause');
    daemon.inventory.gate.release();
    await daemon.becomes(1, 'delivered');
    await daemon.restart();

    expect(daemon.inventory.posts).toEqual([1]);
    expect((await daemon.get('/status')).deliveries).toMatchObject({ pending: 2, delivered: 1 });
  });

  it('may be asked for twice, and ended twice', async () => {
    await using daemon = await aDaemon(kind);
    for (const paused of [true, true, false, false]) {
      expect((await daemon.post(paused ? '/pause' : '/resume')).body).toEqual({ paused });
      expect((await daemon.get('/status')).paused).toBe(paused);
    }
    const id = daemon.addCustomer();
    await daemon.post('/poll');
    await daemon.becomes(id, 'delivered');
  });

  it('outlives a daemon that is killed', async () => {
    await using resources = new AsyncDisposableStack();
    const { crm, inventory, settings } = resources.use(await aNeighbourhood(kind));
    await using first = await spawnService('middleware', settings);
    await call(first, 'POST /pause');
    await first.end('SIGKILL');
    crm.customers.push({ id: 1, name: 'Alice' });

    await using second = await spawnService('middleware', settings);
    await call(second, 'POST /poll');
    expect((await call(second, 'GET /status')).body).toMatchObject({ paused: true, deliveries: { pending: 1 } });
    await second.end('SIGTERM');
    expect(inventory.posts).toEqual([]);

    await using third = await spawnService('middleware', settings);
    await call(third, 'POST /resume');
    await eventually(async () => (await call(third, 'GET /deliveries/1')).body.state === 'delivered');
    expect(inventory.posts).toEqual([1]);
  });
});

describe.each(databases)('GET /status on %s', (kind) => {
  it('tells how the work goes, from the first poll on', async () => {
    await using daemon = await aDaemon(kind);
    expect(await daemon.get('/status')).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      breaker: 'closed',
      paused: false,
      cursor: 0,
      last_poll: { at: expect.any(String), outcome: 'idle', seen: 0 },
      deliveries: { pending: 0, retrying: 0, delivered: 0, dead: 0 },
      oldest_pending_seconds: null,
      quarantined: 0,
      reconciliation: null,
    });
  });

  it('tells how many deliveries are in each state, and how long the oldest has waited', async () => {
    const clock = fakeClock();
    await using daemon = await aDaemon(kind, { clock, environment: { RETRY_SCHEDULE: '1h' } });
    daemon.inventory.refusals.set(2, 400).set(3, 503);
    for (const _ of [1, 2, 3]) daemon.addCustomer();
    await daemon.post('/poll');
    await eventually(async () => (await daemon.get('/status')).deliveries.pending === 0);
    clock.advance(90_000);
    await daemon.post('/pause');
    daemon.addCustomer();
    await daemon.post('/poll');
    expect(await daemon.get('/status')).toMatchObject({
      paused: true,
      cursor: 4,
      deliveries: { pending: 1, retrying: 1, delivered: 1, dead: 1 },
      oldest_pending_seconds: 90,
    });
  });

  it('tells that the breaker is open, half-open while it is probed, and closed when that went well', async () => {
    await using daemon = await aDaemon(kind, { environment: { RETRY_SCHEDULE: '1h' } });
    const ids = Array.from({ length: 6 }, () => daemon.addCustomer());
    for (const id of ids) daemon.inventory.refusals.set(id, 503);
    await daemon.post('/poll');
    await eventually(async () => (await daemon.get('/status')).breaker === 'open');

    daemon.inventory.refusals.clear();
    daemon.inventory.gate.hold();
    await daemon.post('/poll');
    await eventually(() => daemon.inventory.gate.waiting() === 1);
    expect((await daemon.get('/status')).breaker).toBe('half-open');
    daemon.inventory.gate.release();

    for (const id of ids) await daemon.becomes(id, 'delivered');
    expect((await daemon.get('/status')).breaker).toBe('closed');
  });

  it('tells how the last comparison of both sides ended', async () => {
    const environment = { RECONCILE_CRON: '* * * * * *' };
    await using daemon = await aDaemon(kind, { environment, customers: 2 });
    const isProven = async (proven: boolean) => {
      return eventually(async () => (await daemon.get('/status')).reconciliation?.proven === proven);
    };
    await isProven(true);
    expect((await daemon.get('/status')).reconciliation).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      duration_ms: expect.any(Number),
      customers: 2,
      packages: 2,
      matched: 2,
      on_their_way: 0,
      departed: 0,
      exceptions: { missing: 0, double: 0, ownerless: 0, unusable: 0 },
      proven: true,
    });
    daemon.inventory.packages.push({ id: 9, customerId: 2, customerName: 'Bob', packageType: 'welcome_pack_v1' });
    await isProven(false);
    expect((await daemon.get('/status')).reconciliation).toMatchObject({
      packages: 3,
      matched: 1,
      exceptions: { missing: 0, double: 1, ownerless: 0, unusable: 0 },
    });
  });
});

describe.each(databases)('lists of the operations port on %s', (kind) => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon(kind, { environment: { RETRY_SCHEDULE: '1h' } });
    const { crm, inventory } = daemon;
    inventory.refusals.set(2, 400).set(3, 400).set(4, 503);
    for (const _ of [1, 2, 3, 4]) daemon.addCustomer();
    crm.customers.push({ id: 'c-5', name: 'Eve' }, { name: 'Nobody' }, { id: 1.5, name: 'Half' });
    await daemon.post('/poll');
    await eventually(async () => (await daemon.get('/status')).deliveries.pending === 0);
    await daemon.post('/pause');
    crm.customers.push({ id: 8, name: 'Late' });
    await daemon.post('/poll');
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  const list = (path: string) => call(daemon, `GET ${path}`);

  it('show deliveries in the order of their customers', async () => {
    const { status, body, headers } = await list('/deliveries');
    expect([status, idsOf(body), headers.get('Link')]).toEqual([200, [1, 2, 3, 4, 8], null]);
    expect(body[1]).toEqual({
      customer_id: 2,
      customer_name: 'Customer 2',
      state: 'dead',
      attempts: 1,
      package_id: null,
      error: 'Inventory answered 400: not now',
      next_attempt_at: null,
      recorded_at: expect.any(String),
      updated_at: expect.any(String),
    });
  });

  it.each([
    ['delivered', [1]],
    ['dead', [2, 3]],
    ['retrying', [4]],
    ['pending', [8]],
  ])('show those that are %s', async (state, ids) => {
    const { body } = await list(`/deliveries?state=${state}`);
    expect(idsOf(body)).toEqual(ids);
    expect(body.every((row: { state: string }) => row.state === state)).toBe(true);
  });

  it('go on page after page, in the same state', async () => {
    const first = await list('/deliveries?state=dead&limit=1');
    expect([idsOf(first.body), linkOf(first)]).toEqual([[2], '</deliveries?after=2&limit=1&state=dead>; rel="next"']);
    const second = await list('/deliveries?after=2&limit=1&state=dead');
    expect([idsOf(second.body), linkOf(second)]).toEqual([[3], null]);
    expect(idsOf((await list('/deliveries?after=4')).body)).toEqual([8]);
    expect(idsOf((await list('/deliveries?after=8')).body)).toEqual([]);
  });

  it('show what of the CRM is in quarantine, each once however often it was seen', async () => {
    const { status, body, headers } = await list('/quarantine');
    expect([status, headers.get('Link')]).toEqual([200, null]);
    expect(body).toEqual([
      {
        id: expect.any(Number),
        entry: '{"id":"c-5","name":"Eve"}',
        reason: 'an entry with the id "c-5"; ids are positive integers',
        seen_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
      expect.objectContaining({ entry: '{"name":"Nobody"}' }),
      expect.objectContaining({ entry: '{"id":1.5,"name":"Half"}' }),
    ]);
    expect((await list('/status')).body.quarantined).toBe(3);
  });

  it('show the quarantine page by page', async () => {
    const { body: all } = await list('/quarantine');
    const first = await list('/quarantine?limit=2');
    expect(first.body).toEqual(all.slice(0, 2));
    expect(linkOf(first)).toBe(`</quarantine?after=${all[1].id}&limit=2>; rel="next"`);
    const second = await list(`/quarantine?after=${all[1].id}&limit=2`);
    expect([second.body, linkOf(second)]).toEqual([all.slice(2), null]);
  });

  it.each([
    ['/deliveries?state=lost', 'state', 'must be one of pending, retrying, delivered, dead'],
    ['/deliveries?state=', 'state', 'must be one of pending, retrying, delivered, dead'],
    ['/deliveries?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['/deliveries?limit=1001', 'limit', 'must be a whole number from 1 to 1000'],
    ['/deliveries?after=x', 'after', expect.stringContaining('must be a whole number')],
    ['/quarantine?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['/quarantine?after=-1', 'after', expect.stringContaining('must be a whole number')],
    ['/deliveries/0', 'customer_id', 'must be a positive integer'],
    ['/deliveries/x', 'customer_id', 'must be a positive integer'],
  ])('refuse %s', async (path, field, message) => {
    const { status, body } = await list(path);
    expect([status, body.errors]).toEqual([400, [{ field, message }]]);
  });
});

describe.each(databases)('the operations port on %s', (kind) => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon(kind, { customers: 1 });
    await daemon.becomes(1, 'delivered');
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it.each(['2', '9007199254740991', '99999999999999999999'])('knows no customer %s', async (id) => {
    for (const request of [`GET /deliveries/${id}`, `POST /deliveries/${id}/replay`]) {
      const { status, body } = await call(daemon, request);
      expect([request, status, body.title]).toEqual([request, 404, 'Not Found']);
      expect(body.detail).toMatch(/^Customer \d+ has not been seen in the CRM$/);
    }
  });

  it.each(['0', 'x', '-1', '1.0', '01'])('takes %s for no customer', async (id) => {
    const { status, body } = await daemon.post(`/deliveries/${id}/replay`);
    const errors = [{ field: 'customer_id', message: 'must be a positive integer' }];
    expect([status, body.errors]).toEqual([400, errors]);
  });

  it.each([
    [{ state: 'retrying' }, 'state must be "dead"'],
    [{ state: 'DEAD' }, 'state must be "dead"'],
    [{ state: ['dead'] }, 'state must be "dead"'],
    [{}, 'Missing required fields: state'],
    [{ state: null }, 'Missing required fields: state'],
  ])('replays many only where they are dead, not %j', async (body, detail) => {
    const answer = await daemon.post('/deliveries/replay', body);
    expect([answer.status, answer.body.detail, answer.body.errors[0].field]).toEqual([400, detail, 'state']);
  });

  it.each(['[]', '"dead"', 'null', '{"state":', 'dead'])('replays nobody for the body %s', async (body) => {
    expect((await daemon.post('/deliveries/replay', body)).status).toBe(400);
  });

  it.each(['since', 'until'])('takes for %s any moment that says where it is', async (field) => {
    for (const moment of [
      '2000-01-31T12:00:00Z',
      '2000-01-31T12:00:00.123Z',
      '2000-01-31T12:00:00.123456789Z',
      '2000-01-31T12:00:00+00:00',
      '2000-01-31T12:00:00+05:30',
      '2000-01-31T12:00:00.5-11:00',
      '2000-02-29T00:00:00Z',
    ]) {
      const { status, body } = await daemon.post('/deliveries/replay', { state: 'dead', [field]: moment });
      expect([moment, status, body]).toEqual([moment, 200, { replayed: 0 }]);
    }
  });

  it.each([
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:00:00 01:00',
    '2026-01-31T12:00:00+1',
    '12:00',
    'yesterday',
    '',
    1_767_225_600_000,
    null,
    {},
  ])('takes %j for no moment, and names the field', async (moment) => {
    const message = 'must be a time such as 2026-01-31T12:00:00Z';
    for (const field of ['since', 'until']) {
      const { status, body } = await daemon.post('/deliveries/replay', { state: 'dead', [field]: moment });
      expect([status, body.detail, body.errors]).toEqual([400, `${field} ${message}`, [{ field, message }]]);
    }
  });
});

describe('the operations port', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon('sqlite', { customers: 1 });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it.each([
    ['GET /poll', 'OPTIONS, POST'],
    ['GET /pause', 'OPTIONS, POST'],
    ['PUT /resume', 'OPTIONS, POST'],
    ['GET /deliveries/replay', 'OPTIONS, POST'],
    ['GET /deliveries/1/replay', 'OPTIONS, POST'],
    ['POST /status', 'GET, HEAD, OPTIONS'],
    ['DELETE /deliveries', 'GET, HEAD, OPTIONS'],
    ['POST /deliveries/1', 'GET, HEAD, OPTIONS'],
    ['DELETE /quarantine', 'GET, HEAD, OPTIONS'],
  ])('answers %s with the methods that there are', async (request, allow) => {
    const { status, headers, body } = await call(daemon, request);
    expect([status, headers.get('Allow'), body.title]).toEqual([405, allow, 'Method Not Allowed']);
  });

  /** As a browser sends it for a page, whose headers `fetch` would not let us write. */
  async function send(request: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(daemon.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${request} HTTP/1.1\r\n${lines.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    return Number((await text(socket)).split(' ')[1]);
  }

  it.each(['localhost', '127.0.0.1', '[::1]', 'middleware'])('answers to the name %s', async (host) => {
    const { port } = new URL(daemon.url);
    expect(await send('GET /status', { Host: `${host}:${port}` })).toBe(200);
  });

  it('answers to no other name, but for health and metrics', async () => {
    const Host = 'evil.example.com';
    for (const path of ['/status', '/deliveries', '/deliveries/1', '/quarantine', '/', '/openapi.json']) {
      expect([path, await send(`GET ${path}`, { Host })]).toEqual([path, 403]);
    }
    for (const path of ['/health', '/livez', '/readyz', '/metrics']) {
      expect([path, await send(`GET ${path}`, { Host })]).toEqual([path, 200]);
    }
  });

  it('lets no page of another origin do anything', async () => {
    const headers = { Host: new URL(daemon.url).host, Origin: 'https://evil.example.com' };
    for (const path of ['/pause', '/poll', '/deliveries/1/replay', '/deliveries/replay']) {
      expect([path, await send(`POST ${path}`, headers)]).toEqual([path, 403]);
    }
    expect((await daemon.get('/status')).paused).toBe(false);
    expect(await send('POST /resume', { ...headers, Origin: daemon.url })).toBe(200);
  });

  it('answers to the names that it is given instead', async () => {
    await using own = await aDaemon('sqlite', { environment: { ALLOWED_HOSTS: '127.0.0.1,ops.example.com' } });
    const { port } = new URL(own.url);
    expect((await call(own, 'GET /status')).status).toBe(200);
    const { status, body } = await call({ url: `http://localhost:${port}` }, 'GET /status');
    expect([status, body.detail]).toEqual([403, 'The host name "localhost" is not one of ALLOWED_HOSTS']);
  });
});

describe('where tokens are required', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon('sqlite', { customers: 1, environment: { REQUIRE_AUTH: 'true' } });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  const routes = [
    'GET /status',
    'POST /poll',
    'POST /pause',
    'POST /resume',
    'GET /deliveries',
    'GET /deliveries/1',
    'POST /deliveries/1/replay',
    'POST /deliveries/replay',
    'GET /quarantine',
  ];
  const ask = (request: string, headers: Record<string, string> = {}) =>
    call(daemon, request, { headers, ...(request === 'POST /deliveries/replay' && { body: { state: 'dead' } }) });

  it.each(routes)('%s asks for the one of the admin', async (request) => {
    const { status, headers } = await ask(request);
    expect([status, headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
    expect((await ask(request, { Authorization: 'Bearer garbage' })).status).toBe(401);
    for (const role of ['service', 'customer'])
      expect([role, (await ask(request, await as(role))).status]).toEqual([role, 403]);
    expect((await ask(request, await as('admin'))).status).toBe(200);
  });

  it('nothing else is there but what is public', async () => {
    const { body } = await call(daemon, 'GET /openapi.json');
    const documented = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('{customer_id}', '1')}`),
    );
    const open = ['/', '/health', '/livez', '/metrics', '/openapi.json', '/readyz'].map((path) => `GET ${path}`);
    expect(documented.sort()).toEqual([...routes, ...open].sort());
    for (const request of open) expect([request, (await ask(request)).status]).toEqual([request, 200]);
  });
});
