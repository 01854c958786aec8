import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crmClient } from '../src/adapters/crm-client.ts';

const baseUrl = 'http://crm.test';
const source = () =>
  crmClient(createHttpClient({ baseUrl, timeoutMs: 2_000, connectionsMax: 2, token: async () => 'token' }), 2);
const get = (after: number) => nock(baseUrl).get('/customers').query({ after, limit: 2 });
const alice = { id: 8, name: 'Alice', email: 'a@example.com', created_at: '2026-01-01T00:00:00.000Z' };

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

describe('a page of customers', () => {
  it('contains the customers that the CRM lists, in id order', async () => {
    get(7).reply(200, [{ ...alice, id: 9 }, alice]);
    expect(await source().fetchPage(7)).toEqual({
      kind: 'page',
      customers: [
        { id: 8, name: 'Alice', createdAt: '2026-01-01T00:00:00.000Z' },
        { id: 9, name: 'Alice', createdAt: '2026-01-01T00:00:00.000Z' },
      ],
      more: true,
      unusable: [],
      length: 2,
    });
  });

  it('is not the last one if it has a next link, however short it is', async () => {
    get(0).reply(200, [alice], { Link: '</customers?after=8>; rel="next"' });
    expect(await source().fetchPage(0)).toMatchObject({ more: true });
    get(0).reply(200, [alice]);
    expect(await source().fetchPage(0)).toMatchObject({ more: false });
  });

  it('accepts ids as text, needs no name or time, and counts entries without an id', async () => {
    get(0).reply(200, [{ id: '8' }, { id: 9, name: [5], created_at: 'yesterday' }, {}, null, { id: -1 }, { id: 1.5 }]);
    expect(await source().fetchPage(0)).toEqual({
      kind: 'page',
      customers: [
        { id: 8, name: '', createdAt: undefined, fault: 'the CRM shows no name for this customer' },
        { id: 9, name: '', createdAt: undefined, fault: 'the CRM shows no name for this customer' },
      ],
      more: true,
      unusable: [
        { entry: '{}', reason: 'an entry with no id; ids are positive integers' },
        { entry: 'null', reason: 'an entry with no id; ids are positive integers' },
        { entry: '{"id":-1}', reason: 'an entry with the id -1; ids are positive integers' },
        { entry: '{"id":1.5}', reason: 'an entry with the id 1.5; ids are positive integers' },
      ],
      length: 6,
    });
  });

  it('makes names fit for the Inventory and for every database', async () => {
    get(0).reply(200, [{ ...alice, name: 'ACME Corp.\r\nDoe\0\ud800' }]);
    expect(await source().fetchPage(0)).toMatchObject({ customers: [{ name: 'ACME Corp. Doe \ufffd' }] });
  });

  it('survives one failed call', async () => {
    get(0).reply(503);
    get(0).reply(200, []);
    expect(await source().fetchPage(0)).toMatchObject({ kind: 'page', customers: [] });
  });

  it.each([
    ['away', 503, '', 'CRM answered 503'],
    ['locked', 401, '', 'CRM answered 401; check CRM_TOKEN'],
    ['elsewhere', 404, '', 'CRM answered 404; is CRM_SERVICE_URL right?'],
  ])('is unavailable, with the reason, if the CRM is %s', async (_how, status, body, reason) => {
    get(0)
      .times(status === 503 ? 2 : 1)
      .reply(status, body);
    expect(await source().fetchPage(0)).toEqual({ kind: 'unavailable', reason });
  });

  it.each(['<html>', '{}', 'null', ''])('is unreadable if the answer is %j', async (body) => {
    get(0).reply(200, body);
    const reason = 'CRM answered with something that is not a list';
    expect(await source().fetchPage(0)).toEqual({ kind: 'unreadable', reason });
  });
});

describe('a report', () => {
  const result = { customer_id: 8, state: 'delivered', package_id: 1, attempts: 1, error: null } as const;
  const put = () => nock(baseUrl).put('/customers/integration', { results: [result] });

  it('is accepted', async () => {
    put().reply(204);
    expect(await source().report([result])).toBe('accepted');
  });

  it.each([404, 405, 501])('is not supported by a CRM that answers %i', async (status) => {
    put().reply(status);
    expect(await source().report([result])).toBe('unsupported');
  });

  it('is to be repeated if the CRM is unavailable', async () => {
    put().reply(503);
    expect(await source().report([result])).toEqual({ reason: 'CRM answered 503' });
  });
});
