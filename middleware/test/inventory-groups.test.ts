import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aPackage, client, list, packageType } from './a-client-of-groups.ts';
import { baseUrl } from './an-inventory-client.ts';

const ana = { customerId: 7, customerName: 'Ana', idempotencyKey: 'welcome-7' };
const luis = { customerId: 8, customerName: 'Luís', idempotencyKey: 'welcome-8' };
const post = () => nock(baseUrl).post('/packages/batch');

/** Answers of a group to Ana and Luís. */
async function answersTo(results: unknown[]) {
  post().reply(200, { results });
  const answer = await client().createMany([ana, luis]);
  return answer.kind === 'answers' ? answer.answers : answer;
}

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

describe('a group posted to the Inventory', () => {
  // the client checks once whether look-ups are supported
  beforeEach(() => void nock(baseUrl).get('/packages').query({ customerId: 7 }).times(2).optionally().reply(200, []));

  it('is not sent to an Inventory without look-ups', async () => {
    nock.cleanAll();
    list({ customerId: 7 }).reply(404);
    expect(await client().createMany([ana])).toEqual({
      kind: 'unsupported',
      inDoubt: false,
      reason: 'the Inventory cannot be asked what packages there are',
    });
  });

  it('keeps ids beyond 2^53 digit by digit', async () => {
    const ids = ['7615917337495251231', '7615917337495251232'];
    post().reply(200, `{"results": [${ids.map((id) => `{"status": 201, "package": {"id": ${id}}}`)}]}`);
    expect(await client().createMany([ana, luis])).toMatchObject({ answers: ids.map((packageId) => ({ packageId })) });
  });

  it('carries every package with its key, and a token', async () => {
    nock(baseUrl, { reqheaders: { authorization: 'Bearer secret-token' } })
      .post('/packages/batch', {
        packages: [
          { ...ana, packageType },
          { ...luis, packageType },
        ],
      })
      .reply(200, { results: [aPackage(1, 7), aPackage(2, 8)].map((one) => ({ status: 201, package: one })) });
    expect(await client().createMany([ana, luis])).toEqual({
      kind: 'answers',
      answers: [
        { kind: 'delivered', packageId: 1, status: 201, existed: false },
        { kind: 'delivered', packageId: 2, status: 201, existed: false },
      ],
    });
  });

  it('gets an answer for each customer: created, existing, rejected, to be retried', async () => {
    expect(
      await answersTo([
        { status: 200, package: aPackage(1, 7) },
        { status: 400, error: 'customerName is too long' },
      ]),
    ).toEqual([
      { kind: 'delivered', packageId: 1, status: 200, existed: true },
      { kind: 'rejected', reason: 'Inventory answered 400: customerName is too long', status: 400, ofRecord: true },
    ]);
    expect(await answersTo([{ status: 503, error: 'busy' }, { status: 409 }])).toEqual([
      { kind: 'retry', reason: 'Inventory answered 503: busy', status: 503, inDoubt: true, whose: 'customer' },
      {
        kind: 'conflict',
        otherwise: {
          kind: 'retry',
          reason: 'Inventory answered 409',
          status: 409,
          inDoubt: false,
          whose: 'customer',
        },
      },
    ]);
  });

  it('makes no dead letter of an entry with 422, 401 or 404 before a look-up or a retry', async () => {
    expect(await answersTo([{ status: 422 }, { status: 401 }])).toMatchObject([
      { kind: 'conflict', otherwise: { kind: 'rejected' } },
      { kind: 'retry' },
    ]);
    expect(await answersTo([{ status: 404 }, { status: 429 }])).toMatchObject([{ kind: 'retry' }, { kind: 'retry' }]);
  });

  it.each([
    ['a 201 without a package', { status: 201 }],
    ['a package without an id', { status: 201, package: { customerId: 7 } }],
    ['no status', { package: { id: 1 } }],
    ['a gateway that got no answer', { status: 504 }],
    ['nothing', null],
    ['a text', 'ok'],
  ])('leaves an entry in doubt after %s', async (_what, result) => {
    expect(await answersTo([result, { status: 201, package: aPackage(2, 8) }])).toMatchObject([
      { kind: 'retry', inDoubt: true },
      { kind: 'delivered', packageId: 2 },
    ]);
  });

  it('accepts no status that the ledger cannot store', async () => {
    const [answer] = (await answersTo([{ status: 20_100_000_000 }, { status: 201, package: aPackage(2, 8) }])) as {
      status?: number;
    }[];
    expect(answer?.status ?? 0).toBeLessThan(2 ** 31);
  });

  it.each([404, 405, 501])('is not supported by an Inventory that answers %i, and is sent once', async (status) => {
    post().reply(status);
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'unsupported', inDoubt: false });
  });

  it.each([
    [413, 'Inventory answered 413: too large'],
    [400, 'Inventory answered 400: too large'],
    [409, 'Inventory answered 409: too large'],
    [422, 'Inventory answered 422: too large'],
  ])('is refused as a whole with %i, and is sent once', async (status, reason) => {
    post().reply(status, { detail: 'too large' });
    expect(await client({ retriesMax: 3 }).createMany([ana])).toEqual({ kind: 'refused', inDoubt: false, reason });
  });

  it.each([425, 429])('is retried quickly after %i, then left to the retry schedule', async (status) => {
    post().times(3).reply(status, { detail: 'busy' });
    const target = client({ retriesMax: 2 });
    expect(await target.createMany([ana, luis])).toEqual({
      kind: 'retry',
      reason: `Inventory answered ${status}: busy`,
      status,
      inDoubt: false,
      whose: 'inventory',
    });
    expect(target.quickRetries).toEqual(
      [1, 2].map((ms) => `2 customers: Inventory answered ${status}: busy; ${ms} ms`),
    );
  });

  it('succeeds if a quick retry succeeds', async () => {
    post().reply(429);
    post().reply(200, { results: [{ status: 201, package: aPackage(1, 7) }] });
    expect(await client({ retriesMax: 2 }).createMany([ana])).toMatchObject({ answers: [{ packageId: 1 }] });
  });

  it('returns how long the Inventory asks to wait', async () => {
    post().reply(503, '', { 'Retry-After': '120' });
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'retry', afterMs: 120_000 });
  });

  it('is left to the retry schedule if the token is wrong, and the reason names INVENTORY_TOKEN', async () => {
    post().reply(401);
    expect(await client().createMany([ana])).toMatchObject({
      kind: 'retry',
      whose: 'inventory',
      reason: expect.stringContaining('INVENTORY_TOKEN'),
    });
  });

  it('is in doubt if no answer arrives in time, and is not sent again', async () => {
    post().delay(5_000).reply(200, { results: [] });
    const target = client({ retriesMax: 3, timeoutMs: 50 });
    expect(await target.createMany([ana])).toEqual({
      kind: 'retry',
      reason: 'Inventory did not answer in time',
      inDoubt: true,
      whose: 'inventory',
    });
    expect(target.quickRetries).toEqual([]);
    nock.abortPendingRequests();
  });

  it.each([
    ['the connection broke', () => post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
    ['a gateway got no answer', () => post().reply(502)],
    ['it is busy', () => post().reply(503)],
    ['it took too long', () => post().reply(408)],
  ])('is in doubt if %s, and is not sent again', async (_how, reply) => {
    reply();
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'retry', inDoubt: true });
  });

  it('is refused, and in doubt, if the Inventory fails on it', async () => {
    post().reply(500, { detail: 'oh' });
    const reason = 'Inventory answered 500: oh';
    expect(await client({ retriesMax: 3 }).createMany([ana])).toEqual({ kind: 'refused', inDoubt: true, reason });
  });

  it('is sent again if no connection was made', async () => {
    post().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    post().reply(200, { results: [{ status: 201, package: aPackage(1, 7) }] });
    expect(await client({ retriesMax: 1 }).createMany([ana])).toMatchObject({ kind: 'answers' });
  });

  it.each([
    ['no results', {}],
    ['too few results', { results: [] }],
    ['too many results', { results: [{ status: 201 }, { status: 201 }] }],
    ['results that are no list', { results: 'all' }],
    ['a page of HTML', '<html>'],
    ['nothing', ''],
  ])('is in doubt, and the last group, after a 200 with %s', async (_what, body) => {
    post().reply(200, body as nock.Body);
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'unsupported', inDoubt: true });
  });
});
