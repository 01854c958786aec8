import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListedPackage, PackageTarget } from '../src/ports.ts';
import { aPackage, client, list, packageType } from './a-client-of-groups.ts';
import { baseUrl } from './an-inventory-client.ts';

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
});

/** All packages, page by page; fails instead of looping forever. */
async function readAll(target: PackageTarget) {
  const packages: ListedPackage[] = [];
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

  it('is read page by page to its end', async () => {
    nock(baseUrl)
      .get('/packages')
      .query(true)
      .times(4)
      .reply(200, ({ url }: Request) => {
        const after = Number(new URL(url).searchParams.get('after'));
        return packages.slice(after, after + 1_000);
      });
    expect(await readAll(client())).toEqual({ packages: expected, pages: 4 });
  });

  it('continues while there is a next link, however short the pages are', async () => {
    const more = { Link: '</packages?after=2>; rel="next"' };
    list({ after: 0, limit: 1_000 }).reply(200, [aPackage(1, 7), aPackage(2, 8)], more);
    list({ after: 2, limit: 1_000 }).reply(200, [aPackage(3, 9)]);
    list({ after: 3, limit: 1_000 }).reply(200, []);
    expect(await readAll(client())).toMatchObject({ pages: 3, packages: [{ id: 1 }, { id: 2 }, { id: 3 }] });
  });

  it.each([3, 2_300])('is read once if the Inventory always returns all %i', async (count) => {
    const shown = packages.slice(0, count).toReversed();
    nock(baseUrl).persist().get('/packages').query(true).reply(200, shown);
    const { packages: read } = await readAll(client());
    expect(read?.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(expected.slice(0, count));
  });

  it('can be read if package ids are texts and all come at once', async () => {
    list({ after: 0, limit: 1_000 }).reply(200, [aPackage('a', 7), aPackage('b', '8')]);
    expect(await readAll(client())).toEqual({
      packages: [
        { id: 'a', customerId: 7 },
        { id: 'b', customerId: 8 },
      ],
      pages: 1,
    });
  });

  it('cannot be read if package ids are texts and there are more pages', async () => {
    list({ after: 0, limit: 1_000 }).reply(200, [aPackage('a', 7)], { Link: '</packages?page=2>; rel="next"' });
    expect(await readAll(client())).toEqual({ reason: 'the Inventory lists packages in pages without numbers' });
  });

  it('contains packages of other types, named as such, and those without a customer', async () => {
    list({ after: 0, limit: 1_000 }).reply(200, [
      { ...aPackage(1, 7), packageType: 'other' },
      { id: 2, customer_id: '', package_type: packageType },
      { id: 3, customerId: 8 },
    ]);
    list({ after: 3, limit: 1_000 }).reply(200, []);
    expect(await readAll(client())).toMatchObject({
      packages: [
        { id: 1, customerId: 7, otherType: 'other' },
        { id: 2, customerId: undefined },
        { id: 3, customerId: 8 },
      ],
    });
  });

  it('is only a part if the Inventory counts pages', async () => {
    const first = [aPackage(1, 7), aPackage(2, 8)];
    for (const after of [0, 2]) list({ after, limit: 1_000 }).reply(200, first);
    list({ page: 2 }).reply(200, [aPackage(3, 9)]);
    expect(await client().fetchPackages(0)).toMatchObject({ packages: [{ id: 1 }, { id: 2 }], next: 2 });
    expect(await client().fetchPackages(2)).toMatchObject({ packages: [], isPart: true });
  });

  it('is only a part if the Inventory has more, and repeats its first page', async () => {
    const first = [aPackage(1, 7), aPackage(2, 8)];
    list({ after: 0, limit: 1_000 }).reply(200, first, { 'X-Total-Count': '3' });
    list({ after: 2, limit: 1_000 }).reply(200, first, { 'X-Total-Count': '3' });
    expect(await client().fetchPackages(0)).toMatchObject({ packages: [{ id: 1 }, { id: 2 }], total: 3, next: 2 });
    expect(await client().fetchPackages(2)).toMatchObject({ packages: [], isPart: true });
  });

  it.each([
    [404, 'Inventory answered 404; is INVENTORY_SERVICE_URL right?'],
    [503, 'Inventory answered 503'],
  ])('is unavailable if the Inventory answers %i', async (status, reason) => {
    list({ after: 0, limit: 1_000 })
      .times(status === 503 ? 2 : 1) // a failed call is repeated once
      .reply(status);
    expect(await readAll(client())).toEqual({ reason });
  });
});
