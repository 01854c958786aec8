import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPackage, postPackage, startTestInventory, type TestInventory } from './start.ts';

describe.each(databases)('the feeds of packages on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const get = (path: string) => call(inventory, `GET ${path}`);
  const nextOf = ({ headers }: { headers: Headers }) => /^<(.+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];

  /** Three packages of one customer, and one of another customer in between. */
  async function addThree() {
    const { customerId } = aPackage();
    const packages = [];
    for (const packageType of ['a', 'b', 'c']) {
      packages.push((await postPackage(inventory, aPackage({ customerId, packageType }))).body);
      await postPackage(inventory, aPackage());
    }
    return { customerId, packages };
  }

  it('return packages in id order, page by page until there is no next link', async () => {
    const { packages } = await addThree();
    const [first] = packages;

    const page = await get(`/packages?after=${first.id - 1}&limit=3`);
    const rest = await get(nextOf(page) ?? '');

    expect(nextOf(page)).toBe(`/packages?after=${packages[1].id}&limit=3`);
    expect(page.body.map(({ id }: { id: number }) => id)).toEqual([first.id, first.id + 1, packages[1].id]);
    expect(rest.body[1]).toEqual(packages[2]);
    expect([page.status, rest.status, nextOf(rest)]).toEqual([200, 200, undefined]);
  });

  it('filter by customer, on the next page too', async () => {
    const { customerId, packages } = await addThree();

    const page = await get(`/packages?customerId=${customerId}&limit=2`);
    const rest = await get(nextOf(page) ?? '');

    expect(page.body).toEqual(packages.slice(0, 2));
    expect(new URLSearchParams(nextOf(page)?.split('?')[1])).toEqual(
      new URLSearchParams({ after: packages[1].id, limit: '2', customerId: String(customerId) }),
    );
    expect(rest.body).toEqual(packages.slice(2));
    expect(nextOf(rest)).toBeUndefined();
  });

  it('filter by several customers, in any notation, in id order', async () => {
    const [one, other] = [await addThree(), await addThree()];
    const all = [...one.packages, ...other.packages];

    for (const customerIds of [
      `${one.customerId},${other.customerId}`,
      `${other.customerId},${one.customerId}`,
      `999999999,${other.customerId},${one.customerId},${other.customerId},99999999999999999999999`,
    ]) {
      expect(await get(`/packages?customerId=${customerIds}`)).toMatchObject({ status: 200, body: all });
      expect((await get(`/packages?customerId=${encodeURIComponent(customerIds)}`)).body).toEqual(all);
    }
  });

  it('filter by several customers on every page', async () => {
    const [one, other] = [await addThree(), await addThree()];
    const customerId = `${other.customerId},${one.customerId}`;

    const page = await get(`/packages?customerId=${customerId}&limit=4`);
    const rest = await get(nextOf(page) ?? '');

    expect(page.body).toEqual([...one.packages, ...other.packages.slice(0, 1)]);
    expect(new URLSearchParams(nextOf(page)?.split('?')[1])).toEqual(
      new URLSearchParams({ after: other.packages[0].id, limit: '4', customerId }),
    );
    expect(rest.body).toEqual(other.packages.slice(1));
    expect(nextOf(rest)).toBeUndefined();
  });

  it('accept up to 500 customers at once', async () => {
    const { customerId, packages } = await addThree();
    const others = (count: number) => Array.from({ length: count }, (_, index) => 900_000_000 + index);

    expect((await get(`/packages?customerId=${[...others(499), customerId]}`)).body).toEqual(packages);
    const message =
      'must be an integer, or a text of 1 to 100 visible characters, or up to 500 of them separated by commas';
    const { status, body } = await get(`/packages?customerId=${[...others(500), customerId]}`);
    expect([status, body.errors]).toEqual([400, [{ field: 'customerId', message }]]);
  });

  it('filter by status, on the next page too', async () => {
    const { customerId, packages } = await addThree();

    const page = await get(`/packages?customerId=${customerId}&status=received&limit=2`);
    const rest = await get(nextOf(page) ?? '');

    expect(nextOf(page)).toContain('status=received');
    expect([...page.body, ...rest.body]).toEqual(packages);
  });

  it('are empty for a customer without a package', async () => {
    for (const customerId of ['999999999', '99999999999999999999999']) {
      expect(await get(`/packages?customerId=${customerId}`)).toMatchObject({ status: 200, body: [] });
    }
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['after=-1', 'after'],
    ['after=x', 'after'],
    ['customerId=+', 'customerId'],
    ['customerId=%00', 'customerId'],
    [`customerId=${'x'.repeat(101)}`, 'customerId'],
    ['customerId=1&customerId=2', 'customerId'],
    ['customer_id=1', 'customer_id'],
    ['status=lost', 'status'],
  ])('reject ?%s', async (query, field) => {
    const { status, body } = await get(`/packages?${query}`);

    expect([status, body.title, body.errors[0].field]).toEqual([400, 'Bad Request', field]);
  });

  it('return the older shape under its own path', async () => {
    const { packages } = await addThree();
    const after = packages[0].id - 1;

    const page = await get(`/package_requests?after=${after}&limit=1`);

    expect(page.status).toBe(200);
    expect(page.body).toStrictEqual([
      { id: packages[0].id, customer_id: packages[0].customerId, package_type: 'a', status: 'received' },
    ]);
    expect(nextOf(page)).toBe(`/package_requests?after=${packages[0].id}&limit=1`);
    expect((await get(`/package_requests?after=${after}`)).body).toHaveLength(
      (await get(`/packages?after=${after}`)).body.length,
    );
  });
});
