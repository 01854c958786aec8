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
      isOutOfOrder: true,
      more: true,
      unusable: [],
      length: 2,
      total: undefined,
      paging: { saysMore: false, next: undefined, number: undefined },
    });
  });

  it('is not the last one if it has a next link, however short it is', async () => {
    get(0).reply(200, [alice], { Link: '</customers?after=8>; rel="next"' });
    expect(await source().fetchPage(0)).toMatchObject({ more: true });
    get(0).reply(200, [alice]);
    expect(await source().fetchPage(0)).toMatchObject({ more: false });
  });

  it('accepts ids as text, needs no name or time, and counts entries without an id', async () => {
    const wanted = 'the CRM shows no name for this customer: expected is a text `name`';
    get(0).reply(200, [{ id: '8' }, { id: 9, name: [5], created_at: 'yesterday' }, {}, null, { id: -1 }, { id: 1.5 }]);
    expect(await source().fetchPage(0)).toEqual({
      kind: 'page',
      customers: [
        { id: 8, name: '', createdAt: undefined, fault: `${wanted}; the record has id` },
        {
          id: 9,
          name: '',
          createdAt: undefined,
          fault: `${wanted}; the record has id, created_at; its \`name\` is [5]`,
        },
      ],
      more: true,
      unusable: [
        {
          entry: '{}',
          reason: 'an entry with no id; an id is a positive integer or a text of 1 to 100 visible characters',
        },
        {
          entry: 'null',
          reason: 'an entry with no id; an id is a positive integer or a text of 1 to 100 visible characters',
        },
        {
          entry: '{"id":-1}',
          reason: 'an entry with the id -1; an id is a positive integer or a text of 1 to 100 visible characters',
        },
        {
          entry: '{"id":1.5}',
          reason: 'an entry with the id 1.5; an id is a positive integer or a text of 1 to 100 visible characters',
        },
      ],
      length: 6,
      total: undefined,
      paging: { saysMore: false, next: undefined, number: undefined },
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

  it.each([
    ['<html>', '<html>'],
    ['{}', 'an object with the fields (none)'],
    ['null', 'null'],
    ['', 'an empty answer'],
    ['{"rows":[],"ok":true}', 'an object with the fields rows, ok'],
    ['{"items":[],"data":[]}', 'an object with the fields items, data'],
    ['{"data":[],"error":"busy"}', 'an object with the fields data, error'],
    [`{"a\\u001b${'b'.repeat(300)}":1}`, `an object with the fields a\\u001b${'b'.repeat(167)}`],
  ])('is unreadable, and says what was seen, if the answer is %s', async (body, seen) => {
    get(0).reply(200, body);
    const reason = `CRM answered with something that is not a list: ${seen}`;
    expect(await source().fetchPage(0)).toEqual({ kind: 'unreadable', reason });
  });

  it.each(['data', 'items', 'results', 'customers', 'records'])('may come in an envelope: %s', async (name) => {
    get(0).reply(200, { [name]: [alice], page: 1 });
    expect(await source().fetchPage(0)).toMatchObject({ customers: [{ id: 8 }], more: false });
  });

  it.each([
    [[alice], { 'X-Total-Count': '60' }],
    [{ data: [alice], meta: { total: 60 } }, {}],
    [{ items: [alice], total: '60' }, {}],
    [{ items: [alice], pagination: { total: 60 } }, {}],
    [{ items: [alice], total_count: 60 }, {}],
    [{ results: [alice], count: 60, next: 'http://elsewhere.test/customers?page=2' }, {}],
  ])('contains the total that the CRM tells: %j', async (body, headers) => {
    get(0).reply(200, body, headers);
    expect(await source().fetchPage(0)).toMatchObject({ total: 60, more: true, paging: { saysMore: true } });
  });

  it.each([{ total: 0 }, { count: 'many' }, { total: 1.5 }, { total: -1 }])(
    'ignores a total such as %j',
    async (more) => {
      get(0).reply(200, { items: [alice], ...more });
      expect(await source().fetchPage(0)).toMatchObject({ total: undefined, more: false });
    },
  );

  it.each([{ pages: 3, page: 1 }, { has_more: true }, { next: 'abc' }, { next_cursor: 7 }, { page: 1, size: 1 }])(
    'is not the last one if the CRM says so: %j',
    async (more) => {
      get(0).reply(200, { items: [alice], ...more });
      expect(await source().fetchPage(0)).toMatchObject({ more: true, paging: { saysMore: true, next: undefined } });
    },
  );

  it.each([{ pages: 1, page: 1 }, { has_more: false }, { next: null }, { page: 1, size: 10 }, { size: 1, total: 1 }])(
    'is the last one if the CRM says so: %j',
    async (more) => {
      get(0).reply(200, { items: [alice], ...more });
      expect(await source().fetchPage(0)).toMatchObject({ more: false, paging: { saysMore: false } });
    },
  );

  it.each([
    ['</customers?page=2>; rel="next"', `${baseUrl}/customers?page=2`],
    ['<?page=2>; rel=next', `${baseUrl}/customers?page=2`],
    [`<${baseUrl}/a>; rel="prev", <${baseUrl}/b>; title="x"; rel="last next"`, `${baseUrl}/b`],
    ['<https://crm.test/customers?page=2>; rel="next"', `${baseUrl}/customers?page=2`],
    ['<http://other.test/customers?page=2>; rel="next"', undefined],
    ['<http://crm.test:81/customers?page=2>; rel="next"', undefined],
    ['<http://me@crm.test/customers?page=2>; rel="next"', undefined],
  ])('contains the address of the next one only on the same host: %s', async (Link, next) => {
    get(0).reply(200, [alice], { Link });
    expect(await source().fetchPage(0)).toMatchObject({ more: true, paging: { saysMore: true, next } });
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
