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
