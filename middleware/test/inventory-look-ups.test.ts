import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aPackage, client, list, packageType } from './a-client-of-groups.ts';

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

describe('a look-up of one package', () => {
  const lookUp = () => list({ customerId: 7 });

  it('finds one whose customer id is a text, with either field name', async () => {
    lookUp().reply(200, [aPackage('p-12', '7')]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 'p-12' });
    lookUp().reply(200, [{ id: 12, customer_id: '7', package_type: packageType }]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
  });

  it('keeps an id beyond 2^53 digit by digit', async () => {
    lookUp().reply(200, '[{"id": 7615917337495251231, "customerId": 7}]');
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: '7615917337495251231' });
    lookUp().reply(200, '[{"id": 12, "customerId": 9007199254740993}]');
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
  });

  it('accepts a package without a type, and cannot tell if the type is written in another way', async () => {
    lookUp().reply(200, [{ id: 12, customerId: 7 }]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
    lookUp().reply(200, [{ id: 12, customer_id: 7, package_type: 'WELCOME_PACK_V1' }]);
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
  });

  it('finds it in the whole list of an Inventory that ignores the filter', async () => {
    lookUp().reply(200, [aPackage(1, 5), aPackage(2, 7), aPackage(3, 8)]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 2 });
  });

  it.each([200, 403, 404])('is repeated later after %i of a proxy, which knows no packages', async (status) => {
    lookUp().reply(status, '<html>Log in first</html>', { Via: '1.1 squid' });
    const reason = `Inventory cannot be reached: a proxy on the way answered ${status}`;
    expect(await client().find(7)).toMatchObject({ kind: 'retry', reason, whose: 'inventory' });
  });

  it('proves nothing from a part of such a list', async () => {
    const link = { Link: '</packages?after=3>; rel="next"' };
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 6)], link);
    list({ customerId: 7, after: 3 }).reply(200, [aPackage(4, 8)]);
    expect(await client().find(7)).toEqual({ kind: 'unknown' });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 6)], link);
    list({ customerId: 7, after: 3 }).reply(200, [aPackage(4, 7)]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 4 });
    const all = [aPackage(1, 5), aPackage(3, 6)];
    lookUp().reply(200, all);
    list({ page: 2 }).reply(200, all);
    list({ after: 3, limit: 1_000 }).reply(200, all);
    expect(await client().find(7, [5, 6])).toEqual({ kind: 'none' });
    lookUp().reply(200, all);
    list({ page: 2 }).reply(200, all);
    list({ after: 3, limit: 1_000 }).reply(200, [aPackage(4, 7)]);
    expect(await client().find(7, [5, 6])).toEqual({ kind: 'unknown' });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 8)]);
    expect(await client().find(7, [5, 6])).toEqual({ kind: 'unknown' });
    lookUp().reply(200, [aPackage(1, 5), aPackage(3, 7)], link);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 3 });
  });

  it.each(['data', 'items', 'results', 'packages', 'records'])('reads a list in an envelope: %s', async (name) => {
    lookUp().reply(200, { [name]: [aPackage(12, 7)], total: 1 });
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 12 });
    lookUp().reply(200, { [name]: [], total: 0 });
    expect(await client().find(7)).toEqual({ kind: 'none' });
  });

  it.each(['<html>', '{"rows": []}', '{"items": [], "error": "busy"}', ''])(
    'proves nothing from an answer such as %j',
    async (body) => {
      lookUp().reply(200, body);
      expect(await client().find(7)).toEqual({ kind: 'unknown' });
    },
  );
});

describe('a look-up of many packages', () => {
  const first = aPackage(1, 3);
  const last = aPackage(900, 99);
  const lookUp = () => list({ customerId: '3,7,8,9,99', limit: 1_000 });
  const ask = () => client().findMany([7, 8, 9], [3, 99]);

  it('finds existing packages in one call, if the witnesses show that it was understood', async () => {
    lookUp().reply(200, [first, aPackage(2, '8'), last]);
    const answer = await ask();
    expect(answer.kind).toBe('found');
    const packages = 'packages' in answer ? answer.packages : new Map();
    expect([7, 8, 9].map((id) => packages.get(id)?.packageId)).toEqual([undefined, 2, undefined]);
  });

  it('is not supported if a witness is missing, though others are returned', async () => {
    lookUp().reply(200, []);
    expect(await ask()).toEqual({ kind: 'unsupported' });
    lookUp().reply(200, [aPackage(2, 7), aPackage(4, 8), last]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
    lookUp().reply(200, [first, aPackage(2, 7), aPackage(4, 8)]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is not supported by an Inventory that reads only the first id', async () => {
    lookUp().reply(200, [aPackage(2, 7)]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is not supported by one that ignores the filter', async () => {
    lookUp().reply(200, [first, aPackage(2, 4), aPackage(5, 7), last]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
    lookUp().reply(200, [first, { id: 2, packageType }, last]);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is not supported if only a part of the answer arrives', async () => {
    lookUp().reply(200, [first, aPackage(2, 7), last], { Link: '</packages?after=2>; rel="next"' });
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it.each([400, 404, 405, 501])('is not supported by an Inventory that answers %i', async (status) => {
    lookUp().reply(status);
    expect(await ask()).toEqual({ kind: 'unsupported' });
  });

  it('is to be repeated if the Inventory is unavailable', async () => {
    lookUp().reply(503);
    expect(await ask()).toMatchObject({ kind: 'retry', inDoubt: false, whose: 'inventory' });
  });
});
