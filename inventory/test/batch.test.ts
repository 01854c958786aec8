import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPackage, postPackage, readPackages, startTestInventory, type TestInventory } from './start.ts';

type Service = { url: string };
type Result = { status: number; package?: { id: number; customerId: number }; error?: string };

describe.each(databases)('a batch of packages on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const batch = (packages: unknown, service: Service = inventory) => {
    return call(service, 'POST /packages/batch', { body: { packages } });
  };
  const statusesOf = (results: Result[]) => results.map(({ status }) => status);

  it('gets one independent result per entry, in order', async () => {
    const [known, fresh, last] = [aPackage(), aPackage(), aPackage({ packageType: 'birthday' })];
    const { body: existing } = await postPackage(inventory, known);

    const { status, body } = await batch([fresh, { customerId: 0.5, customerName: 'x' }, known, 'x', last, {}, null]);

    expect(status).toBe(200);
    expect(body).toStrictEqual({
      results: [
        { status: 201, package: expect.objectContaining({ ...fresh, packageType: 'welcome_pack_v1' }) },
        { status: 400, error: 'customerId must be an integer, or a text of 1 to 100 visible characters' },
        { status: 200, package: existing },
        { status: 400, error: 'Each entry must be a JSON object' },
        { status: 201, package: expect.objectContaining(last) },
        { status: 400, error: 'Missing required fields: customerId, customerName' },
        { status: 400, error: 'Each entry must be a JSON object' },
      ],
    });
    expect(await readPackages(inventory, fresh.customerId)).toEqual([body.results[0].package]);
    expect(await readPackages(inventory, last.customerId)).toEqual([body.results[4].package]);
  });

  it('creates one package for two equal entries', async () => {
    const given = aPackage();

    const { body } = await batch([given, aPackage(), given, { ...given, packageType: 'birthday' }]);

    expect(statusesOf(body.results)).toEqual([201, 201, 200, 201]);
    expect(body.results[2].package).toEqual(body.results[0].package);
    expect(await readPackages(inventory, given.customerId)).toEqual([body.results[0].package, body.results[3].package]);
  });

  it('is safe to repeat', async () => {
    const given = Array.from({ length: 10 }, () => aPackage());
    const first = await batch(given);

    const second = await batch(given.toReversed());

    expect(statusesOf(second.body.results)).toEqual(Array(10).fill(200));
    const packages = second.body.results.map((result: Result) => result.package).reverse();
    expect(packages).toEqual(first.body.results.map((result: Result) => result.package));
  });

  it('may have 500 entries of full length', async () => {
    const given = Array.from({ length: 500 }, () => {
      return aPackage({ customerName: '🎁'.repeat(200), packageType: '🎀'.repeat(100) });
    });

    const { status, body } = await batch(given);

    expect(status).toBe(200);
    expect(body.results.map((result: Result) => result.package?.customerId)).toEqual(
      given.map(({ customerId }) => customerId),
    );
    expect(new Set(statusesOf(body.results))).toEqual(new Set([201]));
  });

  it('may be empty', async () => {
    expect(await batch([])).toMatchObject({ status: 200, body: { results: [] } });
  });

  it('of only invalid entries stores nothing', async () => {
    expect(statusesOf((await batch([{}, []])).body.results)).toEqual([400, 400]);
  });

  it('of 501 entries is refused as a whole', async () => {
    const given = aPackage();

    const { status, body } = await batch(Array(501).fill(given));

    expect([status, body.detail]).toEqual([400, 'packages must be at most 500 entries long']);
    expect(await readPackages(inventory, given.customerId)).toEqual([]);
  });

  it.each([
    ['nothing', undefined, 'Missing required fields: packages'],
    ['null', null, 'Missing required fields: packages'],
    ['one package', aPackage(), 'packages must be an array'],
    ['a text', 'x', 'packages must be an array'],
  ])('that is %s is refused', async (_, packages, detail) => {
    const answer = await batch(packages);

    expect(answer).toMatchObject({ status: 400, body: { title: 'Bad Request', detail } });
  });

  it('without its envelope is refused', async () => {
    const { status, body } = await call(inventory, 'POST /packages/batch', { body: [aPackage()] });

    expect([status, body.detail]).toEqual([400, 'The request body must be a JSON object']);
  });

  it('of more than 1 MB is refused, and nothing is stored', async () => {
    const given = aPackage();

    const { status } = await batch([given, { note: 'x'.repeat(1024 * 1024) }]);

    expect(status).toBe(413);
    expect(await readPackages(inventory, given.customerId)).toEqual([]);
  });
});
