import { asAxiosError, blipRetry, createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { followSameHost } from '@doorstep/kit/client/same-host-redirects.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const baseUrl = 'http://shop.test:8080/api';

function aClient() {
  const client = createHttpClient({ baseUrl, timeoutMs: 2_000, connectionsMax: 1, token: async () => 'secret' });
  followSameHost(client);
  const post = () => client.post('/packages', { customerId: 7 }, { headers: { 'Idempotency-Key': 'welcome-7' } });
  const statusOf = (call: Promise<unknown>) => call.then(undefined, (error) => asAxiosError(error).response?.status);
  return { client, post, statusOf };
}

const redirects = (status: number, location: string) =>
  nock('http://shop.test:8080').post('/api/packages').reply(status, '', { Location: location });

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

describe('a redirect to the same host', () => {
  it.each([
    [307, '/v2/packages?a=1'],
    [308, 'http://shop.test:8080/v2/packages?a=1'],
    [307, '//shop.test:8080/v2/packages?a=1'],
  ])('is followed after %i to %s, with method, body, token and key', async (status, location) => {
    redirects(status, location);
    nock('http://shop.test:8080', {
      reqheaders: {
        authorization: 'Bearer secret',
        'idempotency-key': 'welcome-7',
        'content-type': 'application/json',
      },
    })
      .post('/v2/packages', { customerId: 7 })
      .query({ a: 1 })
      .reply(201, { id: 12 });
    const { data, config } = await aClient().post();
    expect([data, config.url]).toEqual([{ id: 12 }, '/packages']);
  });

  it('is followed from http to https on the usual port', async () => {
    redirects(308, 'https://shop.test/packages');
    nock('https://shop.test').post('/packages', { customerId: 7 }).reply(201, { id: 12 });
    expect((await aClient().post()).data).toEqual({ id: 12 });
  });

  it('is followed without the parameters of the first address', async () => {
    nock('http://shop.test:8080').get('/api/list').query({ after: 7 }).reply(307, '', { Location: '/list?after=8' });
    nock('http://shop.test:8080').get('/list').query({ after: 8 }).reply(200, []);
    expect((await aClient().client.get('/list', { params: { after: 7 } })).data).toEqual([]);
  });

  it('is an answer after five of them', async () => {
    nock('http://shop.test:8080').post('/api/packages').times(6).reply(307, '', { Location: '/api/packages' });
    const { post, statusOf } = aClient();
    expect(await statusOf(post())).toBe(307);
  });

  it('is tried again from the start if a call fails at its end', async () => {
    const list = () => nock('http://shop.test:8080').get('/api/list').reply(307, '', { Location: '/list' });
    list();
    nock('http://shop.test:8080').get('/list').reply(503);
    list();
    nock('http://shop.test:8080').get('/list').reply(200, []);
    expect((await aClient().client.get('/list', { 'axios-retry': blipRetry })).data).toEqual([]);
  });
});

describe('any other redirect', () => {
  it.each([
    [307, 'http://elsewhere.test/packages'],
    [307, 'http://shop.test:8081/packages'],
    [308, 'https://shop.test:8443/packages'],
    [307, 'http://me:pass@shop.test:8080/packages'],
    [307, 'ftp://shop.test:8080/packages'],
    [307, 'http://'],
    [301, '/v2/packages'],
    [302, '/v2/packages'],
    [303, '/v2/packages'],
  ])('is an answer: %i to %s', async (status, location) => {
    redirects(status, location);
    const { post, statusOf } = aClient();
    expect(await statusOf(post())).toBe(status);
  });

  it('is an answer without a location, and so is one from https back to http', async () => {
    nock('http://shop.test:8080').post('/api/packages').reply(307);
    const { post, statusOf } = aClient();
    expect(await statusOf(post())).toBe(307);
    redirects(307, 'https://shop.test/packages');
    nock('https://shop.test').post('/packages').reply(307, '', { Location: 'http://shop.test/packages' });
    expect(await statusOf(post())).toBe(307);
  });
});
