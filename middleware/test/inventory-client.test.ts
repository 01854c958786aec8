import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';

const baseUrl = 'http://inventory.test';
const request = { customerId: 7, customerName: 'Luís', idempotencyKey: 'welcome-7' };
const existing = { id: 12, customerId: 7, packageType: 'welcome_pack_v1' };

function client(retriesMax = 0, timeoutMs = 2_000, onQuickRetry = () => {}) {
  const quickRetries: string[] = [];
  const http = createHttpClient({ baseUrl, timeoutMs, connectionsMax: 4, token: async () => 'secret-token', isUsable });
  const target = inventoryClient(http, {
    packageType: 'welcome_pack_v1',
    retriesMax,
    firstWaitMs: 1,
    random: () => 0.5,
    onQuickRetry(_who, reason, waitMs) {
      quickRetries.push(`${reason}; ${waitMs} ms`);
      onQuickRetry();
    },
  });
  const create = (wanted: typeof request) => target.create(wanted, { quickRetries: true });
  return { ...target, create, quickRetries };
}

const post = () => nock(baseUrl).post('/packages');
const lookUp = () => nock(baseUrl).get('/packages').query({ customerId: 7 });

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

describe('a post to the Inventory', () => {
  it('carries the package, the key, a token and a request id', async () => {
    nock(baseUrl, {
      reqheaders: {
        'idempotency-key': 'welcome-7',
        authorization: 'Bearer secret-token',
        'x-request-id': /^[\w-]{36}$/,
      },
    })
      .post('/packages', { customerId: 7, customerName: 'Luís', packageType: 'welcome_pack_v1' })
      .reply(201, { id: 12 });
    expect(await client().create(request)).toEqual({ kind: 'delivered', packageId: 12, status: 201, existed: false });
  });

  it('knows a replayed answer', async () => {
    post().reply(200, { id: 12 }, { 'Idempotent-Replayed': 'true' });
    expect(await client().create(request)).toMatchObject({ kind: 'delivered', packageId: 12, existed: true });
  });

  it('takes ids of any form', async () => {
    post().reply(201, { id: 'pkg_1' });
    expect(await client().create(request)).toMatchObject({ packageId: 'pkg_1' });
    post().reply(201, { id: 0 });
    expect(await client().create(request)).toMatchObject({ packageId: '0' });
  });

  it.each([
    [408, true],
    [425, false],
    [429, false],
    [500, true],
    [503, true],
    [524, true],
  ])('is retried after %i, in doubt or not: %s', async (status, inDoubt) => {
    post().reply(status, { detail: 'busy' });
    expect(await client().create(request)).toEqual({
      kind: 'retry',
      reason: `Inventory answered ${status}: busy`,
      status,
      inDoubt,
      whose: 'inventory',
    });
  });

  it.each([502, 504])('is in doubt after a gateway answers %i', async (status) => {
    post().reply(status);
    expect(await client().create(request)).toMatchObject({ kind: 'retry', status, inDoubt: true });
  });

  it.each([
    [401, 'INVENTORY_TOKEN'],
    [403, 'INVENTORY_TOKEN'],
    [404, 'INVENTORY_SERVICE_URL'],
    [405, 'INVENTORY_SERVICE_URL'],
    [302, 'INVENTORY_SERVICE_URL'],
  ])('is retried after %i, and %s is what to look at', async (status, setting) => {
    post().reply(status, '', { Location: '/elsewhere' });
    const outcome = await client().create(request);
    expect(outcome).toMatchObject({ kind: 'retry', status, reason: expect.stringContaining(setting) });
  });

  it.each([400, 410, 413, 415])('is refused for good with %i', async (status) => {
    post().reply(status, { error: 'customerName is missing' });
    expect(await client(3).create(request)).toEqual({
      kind: 'rejected',
      reason: `Inventory answered ${status}: customerName is missing`,
      status,
    });
  });

  it('meets a conflict, to be tried again where there is no package after all', async () => {
    post().reply(409);
    const otherwise = {
      kind: 'retry',
      reason: 'Inventory answered 409',
      status: 409,
      inDoubt: false,
      whose: 'customer',
    };
    expect(await client(3).create(request)).toEqual({ kind: 'conflict', otherwise });
  });

  it('meets a key that came with another name, and is refused where there is no package', async () => {
    post().reply(422, { detail: 'other request' });
    const otherwise = { kind: 'rejected', reason: 'Inventory answered 422: other request', status: 422 };
    expect(await client(3).create(request)).toEqual({ kind: 'conflict', otherwise });
  });

  it.each([
    ['no body', ''],
    ['something that is not JSON', '<html>'],
    ['an object without an id', { ok: true }],
    ['an empty id', { id: '' }],
    ['null', 'null'],
  ])('is in doubt after a 200 with %s', async (_what, body) => {
    post().reply(200, body as nock.Body);
    expect(await client().create(request)).toMatchObject({
      kind: 'retry',
      reason: 'Inventory answered 200 without a package id',
      inDoubt: true,
    });
  });

  it('is not in doubt where no connection was made', async () => {
    post().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    expect(await client().create(request)).toEqual({
      kind: 'retry',
      reason: 'Inventory cannot be reached (ECONNREFUSED)',
      inDoubt: false,
      whose: 'inventory',
    });
  });

  it('is in doubt where the connection broke', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(await client().create(request)).toMatchObject({ kind: 'retry', inDoubt: true });
  });

  it('is in doubt where no answer came in time', async () => {
    post().delay(5_000).reply(201, { id: 12 });
    expect(await client(0, 50).create(request)).toEqual({
      kind: 'retry',
      reason: 'Inventory gave no answer in time',
      inDoubt: true,
      whose: 'inventory',
    });
    nock.abortPendingRequests();
  });

  it('tells how long the Inventory asks to wait, in seconds or as a date', async () => {
    post().reply(503, '', { 'Retry-After': '120' });
    expect(await client(3).create(request)).toMatchObject({ kind: 'retry', afterMs: 120_000 });
    post().reply(429, '', { 'Retry-After': new Date(Date.now() + 90_000).toUTCString() });
    const outcome = await client(3).create(request);
    expect(outcome).toMatchObject({ kind: 'retry', afterMs: expect.any(Number) });
    expect((outcome as { afterMs: number }).afterMs).toBeGreaterThan(60_000);
  });
});

describe('quick retries', () => {
  it('are made so many times, each after twice the wait', async () => {
    post().times(3).reply(503);
    lookUp().times(3).reply(200, []);
    post().reply(201, { id: 12 });
    const target = client(3);
    expect(await target.create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
    expect(target.quickRetries).toEqual([1, 2, 4].map((ms) => `Inventory answered 503; ${ms} ms`));
  });

  it('end with the last answer', async () => {
    post().times(3).reply(500);
    lookUp().times(2).reply(200, []);
    expect(await client(2).create(request)).toMatchObject({ kind: 'retry', status: 500 });
  });

  it('follow a refusal for now without a look, after the same waits', async () => {
    post().times(2).reply(429);
    post().reply(201, { id: 12 });
    const target = client(3);
    expect(await target.create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
    expect(target.quickRetries).toEqual([1, 2].map((ms) => `Inventory answered 429; ${ms} ms`));
  });

  it('look after their wait, for a package that is in the making may be there by then', async () => {
    const events: string[] = [];
    post().reply(500);
    lookUp().reply(200, () => {
      events.push('look');
      return [existing];
    });
    const target = client(1, 2_000, () => events.push('wait'));
    expect(await target.create(request)).toMatchObject({ packageId: 12 });
    expect(events).toEqual(['wait', 'look']);
  });

  it('follow a refused connection without a look, for nothing can have arrived', async () => {
    post().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    post().reply(201, { id: 12 });
    expect(await client(1).create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
  });

  it('look before they post again where no answer came, and take what they find', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, [existing]);
    expect(await client(3).create(request)).toEqual({ kind: 'delivered', packageId: 12, existed: true });
  });

  it('post again where they find nothing', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, [
      { ...existing, packageType: 'other' },
      { ...existing, customerId: 8 },
    ]);
    post().reply(201, { id: 13 });
    expect(await client(3).create(request)).toMatchObject({ packageId: 13 });
  });

  it('look before each further post too, for what was posted first may take effect late', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, []);
    post().reply(429);
    lookUp().reply(200, [existing]);
    expect(await client(3).create(request)).toEqual({ kind: 'delivered', packageId: 12, existed: true });
  });

  it('end in doubt after a post without an answer, though the last one was refused', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, []);
    post().reply(429);
    expect(await client(1).create(request)).toMatchObject({ kind: 'retry', status: 429, inDoubt: true });
  });

  it('post again with the same key to an Inventory that cannot be asked', async () => {
    post().reply(201, '');
    lookUp().reply(404);
    nock(baseUrl, { reqheaders: { 'idempotency-key': 'welcome-7' } })
      .post('/packages')
      .reply(201, { id: 13 });
    expect(await client(3).create(request)).toMatchObject({ packageId: 13 });
  });

  it('stop where the look fails too', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(503);
    expect(await client(3).create(request)).toMatchObject({ kind: 'retry', inDoubt: true });
  });
});

describe('a look at the Inventory', () => {
  it('finds the package of the customer and the type', async () => {
    lookUp().reply(200, [{ ...existing, id: 1, packageType: 'other' }, existing]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
  });

  it('finds none', async () => {
    lookUp().reply(200, []);
    expect(await client().find(7)).toEqual({ kind: 'none' });
  });

  it.each([400, 404, 405, 501])('gives up asking after %i', async (status) => {
    lookUp().reply(status);
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
  });

  it('is to be repeated where the Inventory is away', async () => {
    lookUp().reply(503);
    expect(await client().find(7)).toMatchObject({ kind: 'retry', inDoubt: true });
  });
});
