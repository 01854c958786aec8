import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseUrl, client, existing, lookUp, post, request } from './an-inventory-client.ts';

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

  it('recognizes a replayed answer', async () => {
    post().reply(200, { id: 12 }, { 'Idempotent-Replayed': 'true' });
    expect(await client().create(request)).toMatchObject({ kind: 'delivered', packageId: 12, existed: true });
  });

  it('accepts ids of any form', async () => {
    post().reply(201, { id: 'pkg_1' });
    expect(await client().create(request)).toMatchObject({ packageId: 'pkg_1' });
    post().reply(201, { id: 0 });
    expect(await client().create(request)).toMatchObject({ packageId: '0' });
    post().reply(201, '{"id": 7615917337495251231}');
    expect(await client().create(request)).toMatchObject({ packageId: '7615917337495251231' });
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
  ])('is retried after %i, and the reason names %s', async (status, setting) => {
    post().reply(status, '', { Location: '/elsewhere' });
    const outcome = await client().create(request);
    expect(outcome).toMatchObject({ kind: 'retry', status, reason: expect.stringContaining(setting) });
  });

  it.each([{ data: { id: 9 } }, { package: { id: 9 } }, { id: 9, data: { id: 1 } }])(
    'is delivered if the package is in an envelope: %j',
    async (body) => {
      post().reply(201, body);
      expect(await client().create(request)).toMatchObject({ kind: 'delivered', packageId: 9 });
    },
  );

  it.each([{ order: { id: 9 } }, { data: [{ id: 9 }] }, { data: { package: { id: 9 } } }])(
    'is in doubt if no package id can be read: %j',
    async (body) => {
      post().reply(201, body);
      const reason = 'Inventory answered 201 without a package id';
      expect(await client().create(request)).toMatchObject({ kind: 'retry', inDoubt: true, reason });
    },
  );

  it.each([
    [400, { Via: '1.1 squid' }, '<html>Bad request</html>'],
    [404, { Via: '1.1 squid' }, '<html>Unknown host</html>'],
    [407, {}, ''],
    [413, { 'X-Squid-Error': 'ERR_TOO_BIG 0' }, '<html>Too large</html>'],
  ])('is retried after %i of a proxy, which says nothing about the customer', async (status, headers, body) => {
    post().reply(status, body, headers);
    const reason = `Inventory cannot be reached: a proxy on the way answered ${status}`;
    expect(await client().create(request)).toMatchObject({ kind: 'retry', status, reason, whose: 'inventory' });
  });

  it('is rejected by 400 for its record, which may be corrected later', async () => {
    post().reply(400, { error: 'customerName is missing' });
    const reason = 'Inventory answered 400: customerName is missing';
    expect(await client(3).create(request)).toEqual({ kind: 'rejected', reason, status: 400, ofRecord: true });
  });

  it.each([410, 413, 415])('is permanently rejected by %i', async (status) => {
    post().reply(status, { error: 'customerName is missing' });
    expect(await client(3).create(request)).toEqual({
      kind: 'rejected',
      reason: `Inventory answered ${status}: customerName is missing`,
      status,
    });
  });

  it('reports a conflict, to be retried if there is no package', async () => {
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

  it('reports a key reused with another name, which is a rejection if there is no package', async () => {
    post().reply(422, { detail: 'other request' });
    const otherwise = {
      kind: 'rejected',
      reason: 'Inventory answered 422: other request',
      status: 422,
      ofRecord: true,
    };
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

  it('is not in doubt if no connection was made', async () => {
    post().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    expect(await client().create(request)).toEqual({
      kind: 'retry',
      reason: 'Inventory cannot be reached (ECONNREFUSED)',
      inDoubt: false,
      whose: 'inventory',
    });
  });

  it('is in doubt if the connection breaks', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(await client().create(request)).toMatchObject({ kind: 'retry', inDoubt: true });
  });

  it('is in doubt if no answer arrives in time', async () => {
    post().delay(5_000).reply(201, { id: 12 });
    expect(await client(0, { timeoutMs: 50 }).create(request)).toEqual({
      kind: 'retry',
      reason: 'Inventory did not answer in time',
      inDoubt: true,
      whose: 'inventory',
    });
    nock.abortPendingRequests();
  });

  it('returns how long the Inventory asks to wait, in seconds or as a date', async () => {
    post().reply(503, '', { 'Retry-After': '120' });
    expect(await client(3).create(request)).toMatchObject({ kind: 'retry', afterMs: 120_000 });
    post().reply(429, '', { 'Retry-After': new Date(Date.now() + 90_000).toUTCString() });
    const outcome = await client(3).create(request);
    expect(outcome).toMatchObject({ kind: 'retry', afterMs: expect.any(Number) });
    expect((outcome as { afterMs: number }).afterMs).toBeGreaterThan(60_000);
  });
});

describe('a look-up in the Inventory', () => {
  it('finds the package of the customer and the type', async () => {
    lookUp().reply(200, [{ ...existing, id: 1, packageType: 'other' }, existing]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
  });

  it('finds none', async () => {
    lookUp().reply(200, []);
    expect(await client().find(7)).toEqual({ kind: 'none' });
  });

  it.each([400, 404, 405, 501])('is not supported after %i', async (status) => {
    lookUp().reply(status);
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
  });

  it('is to be repeated if the Inventory is unavailable', async () => {
    lookUp().reply(503);
    expect(await client().find(7)).toMatchObject({ kind: 'retry', inDoubt: false });
  });
});
