import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPackage, postPackage, readPackages, startTestInventory, type TestInventory } from './start.ts';

describe.each(databases)('the older shape of the packages on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const post = (body: unknown) => call(inventory, 'POST /package_requests', { body });
  const aRequest = () => ({ customer_id: aPackage().customerId, package_type: 'welcome_pack_v1' });

  it('creates a package without a name', async () => {
    const given = aRequest();

    const { status, body } = await post(given);

    expect(status).toBe(201);
    expect(body).toStrictEqual({ id: expect.any(Number), ...given, status: 'received' });
    expect(await readPackages(inventory, given.customer_id)).toMatchObject([
      { id: body.id, customerId: given.customer_id, customerName: null, packageType: given.package_type },
    ]);
  });

  it('returns the existing package', async () => {
    const given = aRequest();
    const first = await post(given);

    const second = await post(given);

    expect([second.status, second.headers.get('Idempotent-Replayed')]).toEqual([200, 'true']);
    expect(second.body).toEqual(first.body);
  });

  it('returns a package that was created in the newer shape, and vice versa', async () => {
    const [alice, bob] = [aPackage(), aPackage()];
    const newer = await postPackage(inventory, alice);
    const older = await post({ customer_id: bob.customerId, package_type: 'welcome_pack_v1' });

    const olderOfAlice = await post({ customer_id: alice.customerId, package_type: 'welcome_pack_v1' });
    const newerOfBob = await postPackage(inventory, bob);

    expect(olderOfAlice).toMatchObject({ status: 200, body: { id: newer.body.id, customer_id: alice.customerId } });
    expect(newerOfBob).toMatchObject({ status: 200, body: { id: older.body.id, customerName: null } });
    expect(await readPackages(inventory, alice.customerId)).toHaveLength(1);
    expect(await readPackages(inventory, bob.customerId)).toHaveLength(1);
  });

  it('creates one package for concurrent requests in both shapes', async () => {
    const { customer_id, package_type } = aRequest();
    const requests = Array.from({ length: 50 }, (_, index) =>
      index % 2
        ? post({ customer_id, package_type })
        : postPackage(inventory, aPackage({ customerId: customer_id, packageType: package_type })),
    );

    const answers = await Promise.all(requests);

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
    expect(await readPackages(inventory, customer_id)).toHaveLength(1);
  });

  it.each([
    ['nothing', {}, 'Missing required fields: customer_id, package_type'],
    ['no type', { customer_id: 1 }, 'Missing required fields: package_type'],
    ['no customer', { package_type: 'a' }, 'Missing required fields: customer_id'],
    ['the newer names', { customerId: 1, packageType: 'a' }, 'Missing required fields: customer_id, package_type'],
    [
      'customer 1.5',
      { customer_id: 1.5, package_type: 'a' },
      'customer_id must be an integer, or a text of 1 to 100 visible characters',
    ],
    [
      'a type of 101 letters',
      { customer_id: 1, package_type: 'a'.repeat(101) },
      'package_type must be 1 to 100 characters long',
    ],
  ])('rejects %s', async (_, body, detail) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { title: 'Bad Request', detail, error: detail } });
  });
});
