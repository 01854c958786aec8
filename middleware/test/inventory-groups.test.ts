import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import type { PackageId } from '../src/delivery.ts';
import type { PackageTarget } from '../src/ports.ts';

const baseUrl = 'http://inventory.test';
const packageType = 'welcome_pack_v1';
const ana = { customerId: 7, customerName: 'Ana', idempotencyKey: 'welcome-7' };
const luis = { customerId: 8, customerName: 'Luís', idempotencyKey: 'welcome-8' };

function client({ retriesMax = 0, timeoutMs = 2_000 } = {}) {
  const quickRetries: string[] = [];
  const http = createHttpClient({ baseUrl, timeoutMs, connectionsMax: 4, token: async () => 'secret-token', isUsable });
  const target = inventoryClient(http, {
    packageType,
    retriesMax,
    firstWaitMs: 1,
    random: () => 0.5,
    onQuickRetry: (who, reason, waitMs) => quickRetries.push(`${who}: ${reason}; ${waitMs} ms`),
  });
  return { ...target, quickRetries };
}

const post = () => nock(baseUrl).post('/packages/batch');
const list = (query: Record<string, string | number>) => nock(baseUrl).get('/packages').query(query);
const aPackage = (id: number | string, customerId: number | string) => ({ id, customerId, packageType });

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
  // it is asked once whether it can be asked at all
  beforeEach(() => void nock(baseUrl).get('/packages').query({ customerId: 7 }).times(2).optionally().reply(200, []));

  it('is not sent to one that cannot be asked what it has made', async () => {
    nock.cleanAll();
    list({ customerId: 7 }).reply(404);
    expect(await client().createMany([ana])).toEqual({
      kind: 'unsupported',
      inDoubt: false,
      reason: 'the Inventory cannot be asked what packages there are',
    });
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

  it('gets an answer for each: made, there already, refused, to be tried again', async () => {
    expect(
      await answersTo([
        { status: 200, package: aPackage(1, 7) },
        { status: 400, error: 'customerName is too long' },
      ]),
    ).toEqual([
      { kind: 'delivered', packageId: 1, status: 200, existed: true },
      { kind: 'rejected', reason: 'Inventory answered 400: customerName is too long', status: 400 },
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

  it('kills nobody with a 422, a 401 or a 404 of a single entry before a look, or another try', async () => {
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

  it('takes no status that the ledger cannot hold', async () => {
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

  it.each([425, 429])('is tried again quickly after %i, then left to the schedule', async (status) => {
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

  it('goes through where a quick retry does', async () => {
    post().reply(429);
    post().reply(200, { results: [{ status: 201, package: aPackage(1, 7) }] });
    expect(await client({ retriesMax: 2 }).createMany([ana])).toMatchObject({ answers: [{ packageId: 1 }] });
  });

  it('tells how long the Inventory asks to wait', async () => {
    post().reply(503, '', { 'Retry-After': '120' });
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'retry', afterMs: 120_000 });
  });

  it('is left to the schedule where the token is wrong, and INVENTORY_TOKEN is what to look at', async () => {
    post().reply(401);
    expect(await client().createMany([ana])).toMatchObject({
      kind: 'retry',
      whose: 'inventory',
      reason: expect.stringContaining('INVENTORY_TOKEN'),
    });
  });

  it('is in doubt where no answer came in time, and is not sent a second time', async () => {
    post().delay(5_000).reply(200, { results: [] });
    const target = client({ retriesMax: 3, timeoutMs: 50 });
    expect(await target.createMany([ana])).toEqual({
      kind: 'retry',
      reason: 'Inventory gave no answer in time',
      inDoubt: true,
      whose: 'inventory',
    });
    expect(target.quickRetries).toEqual([]);
    nock.abortPendingRequests();
  });

  it.each([
    ['the connection broke', () => post().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
    ['a gateway got no answer', () => post().reply(502)],
    ['it is said to be busy', () => post().reply(503)],
    ['it is said to have taken too long', () => post().reply(408)],
  ])('is in doubt where %s, and is not sent a second time', async (_how, reply) => {
    reply();
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'retry', inDoubt: true });
  });

  it('is refused, and in doubt, where the Inventory stumbles over it', async () => {
    post().reply(500, { detail: 'oh' });
    const reason = 'Inventory answered 500: oh';
    expect(await client({ retriesMax: 3 }).createMany([ana])).toEqual({ kind: 'refused', inDoubt: true, reason });
  });

  it('is sent again where no connection was made', async () => {
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
  ])('is in doubt, and the last one, after a 200 with %s', async (_what, body) => {
    post().reply(200, body as nock.Body);
    expect(await client({ retriesMax: 3 }).createMany([ana])).toMatchObject({ kind: 'unsupported', inDoubt: true });
  });
});

describe('a look for one package', () => {
  const lookUp = () => list({ customerId: 7 });

  it('finds one whose customer id is a text, in either shape', async () => {
    lookUp().reply(200, [aPackage('p-12', '7')]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 'p-12' });
    lookUp().reply(200, [{ id: 12, customer_id: '7', package_type: packageType }]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
  });

  it('takes a package that does not say its type, and none of another type', async () => {
    lookUp().reply(200, [{ id: 12, customerId: 7 }]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
    lookUp().reply(200, [{ id: 12, customer_id: 7, package_type: 'other' }]);
    expect(await client().find(7)).toEqual({ kind: 'none' });
  });

  it('finds it in the whole list of an Inventory that takes no filter', async () => {
    lookUp().reply(200, [aPackage(1, 5), aPackage(2, 7), aPackage(3, 8)]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 2 });
  });

  it('knows that a part of such a list proves nothing', async () => {
    const link = { Link: '</packages?after=3>; rel="next"' };
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 6)], link);
    list({ customerId: 7, after: 3 }).reply(200, [aPackage(4, 8)]);
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 6)], link);
    list({ customerId: 7, after: 3 }).reply(200, [aPackage(4, 7)]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 4 });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 6)]);
    expect(await client().find(7, [5, 6])).toEqual({ kind: 'none' });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 8)]);
    expect(await client().find(7, [5, 6])).toEqual({ kind: 'unknown' });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 7)], link);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 3 });
  });

  it.each(['<html>', '{"items": []}', ''])('knows that an answer such as %j proves nothing', async (body) => {
    lookUp().reply(200, body);
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
  });
});

describe('a look for many packages', () => {
  const first = aPackage(1, 3);
  const last = aPackage(900, 99);
  const lookUp = () => list({ customerId: '3,7,8,9,99', limit: 1_000 });
  const ask = () => client().findMany([7, 8, 9], [3, 99]);

  it('finds those that are there by one question, which the witnesses show to be understood', async () => {
    lookUp().reply(200, [first, aPackage(2, '8'), { ...aPackage(4, 9), packageType: 'other' }, last]);
    const answer = await ask();
    expect(answer.kind).toBe('found');
    const packages = 'packages' in answer ? answer.packages : new Map();
    expect([7, 8, 9].map((id) => packages.get(id))).toEqual([undefined, 2, undefined]);
  });

  it('is not understood where a witness is missing, though others are shown', async () => {
    lookUp().reply(200, []);
    expect(await ask()).toEqual({ kind: 'unsupported' });
    lookUp().reply(200, [aPackage(2, 7), aPackage(4, 8), last]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
    lookUp().reply(200, [first, aPackage(2, 7), aPackage(4, 8)]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is not understood by an Inventory that reads the first id alone', async () => {
    lookUp().reply(200, [aPackage(2, 7)]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is not understood by one that takes no filter', async () => {
    lookUp().reply(200, [first, aPackage(2, 4), aPackage(5, 7), last]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
    lookUp().reply(200, [first, { id: 2, packageType }, last]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is not enough where only a part of the answer came', async () => {
    lookUp().reply(200, [first, aPackage(2, 7), last], { Link: '</packages?after=2>; rel="next"' });
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it.each([400, 404, 405, 501])('is not supported by an Inventory that answers %i', async (status) => {
    lookUp().reply(status);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is to be repeated where the Inventory is away', async () => {
    lookUp().reply(503);
    expect(await ask()).toMatchObject({ kind: 'retry', inDoubt: true, whose: 'inventory' });
  });
});

/** Every package, page by page; stops an endless loop. */
async function readAll(target: PackageTarget) {
  const packages: { id: PackageId; customerId: number | undefined }[] = [];
  let pages = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await target.fetchPackages(after);
    pages += 1;
    if (page.kind !== 'page') return { reason: page.reason };
    packages.push(...page.packages);
    if (pages > 10) throw new Error('it never ends');
    after = page.next;
  }
  return { packages, pages };
}

describe('the list of packages', () => {
  const packages = Array.from({ length: 2_300 }, (_, index) => aPackage(index + 1, 10_000 + index));
  const expected = packages.map(({ id, customerId }) => ({ id, customerId }));

  it('is read page by page, to its end', async () => {
    nock(baseUrl)
      .get('/packages')
      .query(true)
      .times(3)
      .reply(200, ({ url }: Request) => {
        const after = Number(new URL(url).searchParams.get('after'));
        return packages.slice(after, after + 1_000);
      });
    expect(await readAll(client())).toEqual({ packages: expected, pages: 3 });
  });

  it('goes on while a link leads on, however short the pages of the Inventory are', async () => {
    const more = { Link: '</packages?after=2>; rel="next"' };
    list({ after: 0, limit: 1_000 }).reply(200, [aPackage(1, 7), aPackage(2, 8)], more);
    list({ after: 2, limit: 1_000 }).reply(200, [aPackage(3, 9)]);
    expect(await readAll(client())).toMatchObject({ pages: 2, packages: [{ id: 1 }, { id: 2 }, { id: 3 }] });
  });

  it.each([3, 2_300])('is read once where all %i are shown whatever is asked', async (count) => {
    const shown = packages.slice(0, count).toReversed();
    nock(baseUrl).persist().get('/packages').query(true).reply(200, shown);
    const { packages: read } = await readAll(client());
    expect(read?.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(expected.slice(0, count));
  });

  it('is read where the ids of packages are texts and all are shown at once', async () => {
    list({ after: 0, limit: 1_000 }).reply(200, [aPackage('a', 7), aPackage('b', '8')]);
    expect(await readAll(client())).toEqual({
      packages: [
        { id: 'a', customerId: 7 },
        { id: 'b', customerId: 8 },
      ],
      pages: 1,
    });
  });

  it('cannot be read where the ids are texts and there is more', async () => {
    list({ after: 0, limit: 1_000 }).reply(200, [aPackage('a', 7)], { Link: '</packages?page=2>; rel="next"' });
    expect(await readAll(client())).toEqual({ reason: 'the Inventory lists packages in pages without numbers' });
  });

  it('leaves out packages of other types, and shows those of nobody', async () => {
    list({ after: 0, limit: 1_000 }).reply(200, [
      { ...aPackage(1, 7), packageType: 'other' },
      { id: 2, customer_id: 'x', package_type: packageType },
      { id: 3, customerId: 8 },
    ]);
    expect(await readAll(client())).toMatchObject({
      packages: [
        { id: 2, customerId: undefined },
        { id: 3, customerId: 8 },
      ],
    });
  });

  it.each([
    [404, 'Inventory answered 404; is INVENTORY_SERVICE_URL right?'],
    [503, 'Inventory answered 503'],
  ])('is not there where the Inventory answers %i', async (status, reason) => {
    list({ after: 0, limit: 1_000 })
      .times(status === 503 ? 2 : 1) // a blip is given one more try
      .reply(status);
    expect(await readAll(client())).toEqual({ reason });
  });
});
