import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { crmClient } from '../src/adapters/crm-client.ts';
import { inventoryLookUp } from '../src/adapters/inventory-look-up.ts';
import { moveCursor } from '../src/db/cursor.ts';
import { inventoryNames } from '../src/inventory-names.ts';
import type { PackageTarget } from '../src/ports.ts';
import { reconcile } from '../src/reconcile/reconcile.ts';
import { fakeTarget, manyCustomers, testContext } from './fakes.ts';
import { compare, noExceptions } from './two-sides.ts';

describe('a reconciliation over HTTP', () => {
  afterEach(() => nock.cleanAll());

  const baseUrl = 'http://both.test';
  const http = () => createHttpClient({ baseUrl, timeoutMs: 5_000, connectionsMax: 2, token: async () => 'token' });
  const source = () => crmClient(http(), 500);
  const names = inventoryNames({ packageType: 'welcome_pack_v1', sourceName: undefined });
  const target = (): PackageTarget => ({ ...fakeTarget(), ...inventoryLookUp(http(), names) });
  const list = (path: string, entries: unknown[], headers = {}) =>
    nock(baseUrl).persist().get(path).query(true).reply(200, entries, headers);
  const packageOf = (id: number | string, customerId: number | string, packageType = 'welcome_pack_v1') => {
    return { id, customerId, packageType };
  };

  it('reads a CRM once if it always returns its whole list', async () => {
    const customers = manyCustomers(1_200).toReversed();
    list('/customers', [...customers, { name: 'Nobody' }]);
    list('/packages', customers.map(({ id }) => packageOf(id + 5_000, id)).slice(0, 900));
    await using test = await testContext('sqlite', { source: source(), target: target() });
    await test.context.write((trx) => moveCursor(trx, 1_200));
    const { found, ...counts } = await compare(test.context);
    expect(counts).toMatchObject({ customers: 1_200, packages: 900, matched: 900 });
    expect(counts.exceptions).toEqual({ ...noExceptions, missing: 300, unusable: 1 });
    expect(found).toHaveLength(301);
  });

  it('reads an Inventory once if it always returns its whole list', async () => {
    const customers = manyCustomers(1_500);
    list('/customers', customers);
    list(
      '/packages',
      customers.map(({ id }) => packageOf(id + 5_000, id)),
    );
    await using test = await testContext('sqlite', { source: source(), target: target() });
    expect(await compare(test.context)).toMatchObject({ customers: 1_500, packages: 1_500, proven: true, found: [] });
  });

  it('accepts package ids and customer ids as text, and the older field names', async () => {
    list('/customers', [
      { id: '1', name: 'Alice' },
      { id: 2, name: 'Bob' },
    ]);
    list('/packages', [
      packageOf('pkg_b', '2'),
      { id: 'pkg_a', customer_id: 1, package_type: 'welcome_pack_v1' },
      packageOf('pkg_c', 2),
    ]);
    await using test = await testContext('sqlite', { source: source(), target: target() });
    const { found, ...counts } = await compare(test.context);
    expect(found).toEqual([{ kind: 'double', customerId: 2, detail: 'customer 2 has the packages pkg_b, pkg_c' }]);
    expect(counts).toMatchObject({ customers: 2, packages: 3, matched: 1 });
  });

  it('counts only packages of its own type', async () => {
    list('/customers', manyCustomers(1));
    list('/packages', [packageOf(1, 1), packageOf(2, 1, 'birthday'), packageOf(3, 77, 'birthday')]);
    await using test = await testContext('sqlite', { source: source(), target: target() });
    expect(await compare(test.context)).toMatchObject({ packages: 1, matched: 1, proven: true, found: [] });
  });

  it.each([
    [
      'goes on in pages without numbers',
      200,
      [packageOf('pkg_a', 1)],
      /^the Inventory lists packages in pages without numbers$/,
    ],
    ['has no list', 404, {}, /Inventory/],
    ['answers with something else', 200, {}, /^the Inventory .* list/],
    ['is busy', 503, {}, /^Inventory answered 503$/],
  ])('is not possible if the Inventory %s', async (_how, status, body, reason) => {
    list('/customers', manyCustomers(1));
    nock(baseUrl)
      .get('/packages')
      .query(true)
      .times(status === 503 ? 2 : 1)
      .reply(status, body, { Link: '</packages?after=1>; rel="next"' });
    await using test = await testContext('sqlite', { source: source(), target: target() });
    const result = await reconcile(test.context, { onException: () => undefined });
    expect(result).toEqual({ kind: 'unavailable', reason: expect.stringMatching(reason) });
  });
});
