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

describe('quick retries', () => {
  it('are limited, and each waits twice as long as the one before', async () => {
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

  it('follow a temporary refusal without a look-up, after the same waits', async () => {
    post().times(2).reply(429);
    post().reply(201, { id: 12 });
    const target = client(3);
    expect(await target.create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
    expect(target.quickRetries).toEqual([1, 2].map((ms) => `Inventory answered 429; ${ms} ms`));
  });

  it('look up the package after the wait, because it may exist by then', async () => {
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

  it('follow a refused connection without a look-up, because nothing can have arrived', async () => {
    post().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    post().reply(201, { id: 12 });
    expect(await client(1).create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
  });

  it('look the package up before they post again without an answer, and use what they find', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, [existing]);
    expect(await client(3).create(request)).toEqual({ kind: 'delivered', packageId: 12, existed: true });
  });

  it('post again if they find nothing', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, [
      { ...existing, packageType: 'other' },
      { ...existing, customerId: 8 },
    ]);
    post().reply(201, { id: 13 });
    expect(await client(3).create(request)).toMatchObject({ packageId: 13 });
  });

  it('look the package up before every further post, because the first post may take effect late', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, []);
    post().reply(429);
    lookUp().reply(200, [existing]);
    expect(await client(3).create(request)).toEqual({ kind: 'delivered', packageId: 12, existed: true });
  });

  it('end in doubt after a post without an answer, though the last post was refused', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(200, []);
    post().reply(429);
    expect(await client(1).create(request)).toMatchObject({ kind: 'retry', status: 429, inDoubt: true });
  });

  it('post again with the same key to an Inventory without look-ups', async () => {
    post().reply(201, '');
    lookUp().reply(404);
    nock(baseUrl, { reqheaders: { 'idempotency-key': 'welcome-7' } })
      .post('/packages')
      .reply(201, { id: 13 });
    expect(await client(3).create(request)).toMatchObject({ packageId: 13 });
  });

  it('stop if the look-up fails too', async () => {
    post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    lookUp().reply(503);
    expect(await client(3).create(request)).toMatchObject({ kind: 'retry', inDoubt: true });
  });
});
