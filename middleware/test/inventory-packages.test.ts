import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackageId } from '../src/delivery.ts';
import type { PackageTarget } from '../src/ports.ts';
import { aPackage, client, list, packageType } from './a-client-of-groups.ts';
import { baseUrl } from './an-inventory-client.ts';

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  const pending = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(pending).toEqual([]);
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
