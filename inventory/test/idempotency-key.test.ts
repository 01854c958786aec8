import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aPackage,
  postPackage,
  readPackages,
  startInventoryOn,
  startTestInventory,
  type TestInventory,
} from './start.ts';

const refusal = {
  status: 422,
  body: { title: 'Unprocessable Entity', detail: 'This Idempotency-Key was already used for a different request' },
};

describe.each(databases)('an Idempotency-Key on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const post = (body: unknown, key: string) => postPackage(inventory, body, key);
  const packagesOf = (customerId: number) => readPackages(inventory, customerId);

  it('with the same request returns the same package', async () => {
    const [given, key] = [aPackage(), randomUUID()];

    const first = await post(given, key);
    const second = await post({ packageType: 'welcome_pack_v1', ...given, note: 'other order, unknown field' }, key);

    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(await packagesOf(given.customerId)).toEqual([first.body]);
  });

  it.each([
    ['another customer', () => aPackage()],
    ['another type', (given: object) => ({ ...given, packageType: 'birthday' })],
    ['another name', (given: object) => ({ ...given, customerName: 'Bob Example' })],
  ])('with %s is rejected, and nothing is stored', async (_, change) => {
    const [given, key] = [aPackage(), randomUUID()];
    const first = await post(given, key);
    const changed = change(given) as typeof given;

    expect(await post(changed, key)).toMatchObject(refusal);

    const stored = [...(await packagesOf(given.customerId)), ...(await packagesOf(changed.customerId))];
    expect(new Set(stored.map(({ id }) => id))).toEqual(new Set([first.body.id]));
    expect(await post(given, key)).toMatchObject({ status: 200, body: first.body });
  });

  it('still works for its first request after a rejection, and the rejected request works with another key', async () => {
    const [alice, bob, key] = [aPackage(), aPackage(), randomUUID()];
    await post(alice, key);
    await post(bob, key);

    expect(await post(bob, randomUUID())).toMatchObject({ status: 201, body: bob });
    expect(await post(bob, key)).toMatchObject(refusal);
  });

  it('is stored even if the package already existed', async () => {
    const [given, key] = [aPackage(), randomUUID()];
    const first = await postPackage(inventory, given);

    expect(await post(given, key)).toMatchObject({ status: 200, body: first.body });
    expect(await post(aPackage(), key)).toMatchObject(refusal);
  });

  it('may be one of several for the same package', async () => {
    const given = aPackage();
    const answers = [await post(given, randomUUID()), await post(given, randomUUID())];

    expect(answers.map(({ status }) => status)).toEqual([201, 200]);
    expect(answers[1]?.body).toEqual(answers[0]?.body);
  });

  it('applies to both shapes of the route', async () => {
    const { customerId } = aPackage();
    const key = randomUUID();
    const headers = { 'Idempotency-Key': key };
    const older = { customer_id: customerId, package_type: 'welcome_pack_v1' };
    const first = await call(inventory, 'POST /package_requests', { body: older, headers });

    const other = { ...older, package_type: 'birthday' };
    expect(await call(inventory, 'POST /package_requests', { body: older, headers })).toMatchObject({ status: 200 });
    expect(await call(inventory, 'POST /package_requests', { body: other, headers })).toMatchObject(refusal);
    expect(await post(aPackage(), key)).toMatchObject(refusal);
    expect((await packagesOf(customerId)).map(({ id }) => id)).toEqual([first.body.id]);
  });

  it('in concurrent different requests succeeds for exactly one of them', async () => {
    const key = randomUUID();
    const given = Array.from({ length: 50 }, () => aPackage());

    const answers = await Promise.all(given.map((body) => post(body, key)));

    const [made, ...others] = answers.filter(({ status }) => status === 201);
    expect(others).toEqual([]);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(49);
    const stored = await Promise.all(given.map(({ customerId }) => packagesOf(customerId)));
    expect(stored.flat()).toEqual([made?.body]);
  });

  it('survives a restart', async () => {
    await using database = await freshDatabase(kind);
    const [given, key] = [aPackage(), randomUUID()];
    const before = await startInventoryOn(database);
    const first = await postPackage(before, given, key);
    await before[Symbol.asyncDispose]();
    await using after = await startInventoryOn(database);

    expect(await postPackage(after, given, key)).toMatchObject({ status: 200, body: first.body });
    expect(await postPackage(after, aPackage(), key)).toMatchObject(refusal);
    expect(await readPackages(after)).toEqual([first.body]);
  });

  it('may have 255 characters', async () => {
    expect(await post(aPackage(), `${randomUUID()}${'~'.repeat(219)}`)).toMatchObject({ status: 201 });
  });

  it.each([
    ['256 characters', 'k'.repeat(256)],
    ['a space', 'welcome 1'],
    ['a letter beyond ASCII', 'wélcome-1'],
    ['two of them', 'welcome-1, welcome-2'],
  ])('of %s is rejected, and nothing is stored', async (_, key) => {
    const given = aPackage();

    const { status, body } = await post(given, key);

    expect([status, body.errors[0].field]).toEqual([400, 'idempotency-key']);
    expect(body.detail).toMatch(/^idempotency-key must be 1 to 255 printable ASCII characters/);
    expect(await packagesOf(given.customerId)).toEqual([]);
  });
});
