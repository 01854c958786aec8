import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { type SpawnedService, spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takersOf } from './packaging.ts';
import {
  addItem,
  aPackage,
  changeQuantity,
  inventoryEnvironment,
  makeKit,
  postPackage,
  readItem,
  readMovements,
  readPackages,
} from './start.ts';

describe.each(databases)('two processes of the Inventory on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let one: SpawnedService;
  let other: SpawnedService;
  beforeAll(async () => {
    const database = resources.use(await freshDatabase(kind));
    const start = async () => resources.use(await spawnService('inventory', inventoryEnvironment(database)));
    [one, other] = await Promise.all([start(), start()]);
  });
  afterAll(() => resources.disposeAsync());

  it('create one package for concurrent requests to both', async () => {
    const requests = Array.from({ length: 20 }, () => aPackage());
    const ask = (service: SpawnedService) =>
      requests.flatMap((given) => [postPackage(service, given), postPackage(service, given)]);

    const answers = await Promise.all([...ask(one), ...ask(other)]);

    const stored = await storedFor(requests);
    expect(stored).toHaveLength(20);
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body);
    expect(inIdOrder(made)).toEqual(inIdOrder(stored));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
  });

  it('accept an Idempotency-Key that both get concurrently for exactly one request', async () => {
    const keys = Array.from({ length: 10 }, () => randomUUID());
    const requests = Array.from({ length: 40 }, (_, index) => ({ given: aPackage(), key: keys[index % 10] ?? '' }));
    const ask = ({ given, key }: (typeof requests)[0], index: number) =>
      postPackage(index % 20 < 10 ? one : other, given, key);

    const answers = await Promise.all(requests.map(ask));

    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body);
    expect(made).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(30);
    expect(inIdOrder(await storedFor(requests.map(({ given }) => given)))).toEqual(inIdOrder(made));
  });

  it('make a change of a stock once for a hundred concurrent requests with one Idempotency-Key', async () => {
    const { id } = await addItem(one, { quantity: 10 });
    const options = { body: { quantity_change: -2 }, headers: { 'Idempotency-Key': randomUUID() } };

    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        call(index % 2 ? one : other, `PATCH /api/v1/items/${id}/quantity`, options),
      ),
    );

    expect(answers).toMatchObject(Array(100).fill({ status: 200, body: { quantity: 8 } }));
    expect(answers.filter(({ headers }) => !headers.has('Idempotent-Replayed'))).toHaveLength(1);
    expect((await readMovements(other, id)).map(({ change }) => change)).toEqual([10, -2]);
  });

  it('create one package per entry of two batches in opposite orders', async () => {
    const packages = Array.from({ length: 200 }, () => aPackage());
    const batch = (service: SpawnedService, entries: unknown[]) =>
      call(service, 'POST /packages/batch', { body: { packages: entries } });

    const answers = await Promise.all([batch(one, packages), batch(other, packages.toReversed())]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const results = answers.flatMap(({ body }) => body.results);
    expect(results.filter(({ status }) => status === 201)).toHaveLength(200);
    expect(results.filter(({ status }) => status === 200)).toHaveLength(200);
    expect(new Set(results.map((result) => result.package.id)).size).toBe(200);
    expect(await storedFor(packages)).toHaveLength(200);
  });

  it('lose no concurrent change of a stock', async () => {
    const { id } = await addItem(one, { quantity: 40 });
    const type = await makeKit(one, [{ item_id: id, quantity: 1 }]);
    const requests = Array.from({ length: 100 }, () => aPackage({ packageType: type }));
    const both = <T>(count: number, ask: (service: SpawnedService, index: number) => Promise<T>) =>
      Promise.all(Array.from({ length: count }, (_, index) => ask(index % 2 ? one : other, index)));

    const [packages, changes] = await Promise.all([
      both(100, (service, index) => postPackage(service, requests[index])),
      both(200, (service, index) => changeQuantity(service, id, { quantity_change: index % 4 < 2 ? 2 : -1 })),
    ]);

    expect(new Set(packages.map(({ status }) => status))).toEqual(new Set([201]));
    const changed = changes.map(({ status }, index) => (status === 200 ? (index % 4 < 2 ? 2 : -1) : 0));
    // an increase is never rejected
    expect(changed.filter((by) => by > 0)).toHaveLength(100);
    const held = (await storedFor(requests)).filter(({ status }) => status === 'received').length;
    const { quantity } = await readItem(other, id);
    expect(quantity).toBe(40 + changed.reduce<number>((sum, by) => sum + by, 0) - held);
    const movements = await readMovements(other, id);
    expect(movements.map(({ before }) => before)).toEqual([0, ...movements.slice(0, -1).map(({ after }) => after)]);
    expect(movements.at(-1)?.after).toBe(quantity);
    expect(new Set(await takersOf(other, id)).size).toBe(held);
    expect(held === 100 || quantity === 0).toBe(true);
  });

  async function storedFor(requests: { customerId: number }[]) {
    const wanted = new Set<unknown>(requests.map(({ customerId }) => customerId));
    return (await readPackages(one)).filter(({ customerId }) => wanted.has(customerId));
  }
});

function inIdOrder<T extends { id: number }>(packages: T[]): T[] {
  return packages.toSorted((a, b) => a.id - b.id);
}
