import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseUrl, client, post, request } from './an-inventory-client.ts';

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' });

describe('quick retries', () => {
  it('are limited, and each waits twice as long as the one before', async () => {
    post().times(3).reply(503);
    post().reply(201, { id: 12 });
    const target = client(3);
    expect(await target.create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
    expect(target.quickRetries).toEqual([1, 2, 4].map((ms) => `Inventory answered 503; ${ms} ms`));
  });

  it('end with the last answer', async () => {
    post().times(3).reply(500);
    expect(await client(2).create(request)).toMatchObject({ kind: 'retry', status: 500 });
  });

  it('follow a temporary refusal, whatever the Inventory does about doubles', async () => {
    post().times(2).reply(429);
    post().reply(201, { id: 12 });
    const target = client(3, { idempotency: 'none' });
    expect(await target.create(request)).toMatchObject({ kind: 'delivered', packageId: 12 });
    expect(target.quickRetries).toEqual([1, 2].map((ms) => `Inventory answered 429; ${ms} ms`));
  });

  it('follow a refused connection, because nothing can have arrived', async () => {
    post().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    post().reply(201, { id: 12 });
    expect(await client(1, { idempotency: 'none' }).create(request)).toMatchObject({ packageId: 12 });
  });

  it('follow a 503 with Retry-After, because that Inventory has done nothing', async () => {
    post().reply(503, '', { 'Retry-After': '0' });
    post().reply(503, '', { 'Retry-After': '1' });
    post().reply(201, { id: 12 });
    expect(await client(2, { idempotency: 'permanent' }).create(request)).toMatchObject({ packageId: 12 });
  });

  it('repeat a post without an answer with the same key at an Inventory that refuses doubles for ever', async () => {
    post().replyWithError(reset());
    post().reply(201, '');
    nock(baseUrl, { reqheaders: { 'idempotency-key': 'welcome-7' } })
      .post('/packages')
      .reply(200, { id: 13 });
    expect(await client(3).create(request)).toMatchObject({ packageId: 13 });
  });

  it.each(['none', undefined] as const)(
    'do not follow a post without an answer if idempotency is %s',
    async (given) => {
      post().replyWithError(reset());
      const target = client(3, { idempotency: given });
      expect(await target.create(request)).toMatchObject({ kind: 'retry', inDoubt: true });
      expect(target.quickRetries).toEqual([]);
    },
  );

  it.each([500, 502, 408])('do not follow %i at an Inventory that may create a second package', async (status) => {
    post().reply(status);
    expect(await client(3, { idempotency: 'none' }).create(request)).toMatchObject({ kind: 'retry', inDoubt: true });
  });

  it('end in doubt after a post without an answer, though the last post was refused', async () => {
    post().replyWithError(reset());
    post().reply(429);
    expect(await client(1).create(request)).toMatchObject({ kind: 'retry', status: 429, inDoubt: true });
  });
});
