import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePackage, statusesOf } from './packaging.ts';
import {
  addItem,
  aPackage,
  makeKit,
  postPackage,
  readItem,
  readMovements,
  startInventoryOn,
  startTestInventory,
  type TestInventory,
} from './start.ts';

type Service = { url: string };
type Options = { query?: string; body?: unknown; headers?: Record<string, string> };

const refusal = {
  status: 422,
  body: { title: 'Unprocessable Entity', detail: 'This Idempotency-Key was already used for a different request' },
};

function patch(service: Service, id: number, key: string, { query = '', body, headers }: Options) {
  const options = { body, headers: { 'Idempotency-Key': key, ...headers } };
  return call(service, `PATCH /api/v1/items/${id}/quantity${query}`, options);
}

describe.each(databases)('a change of the stock with an Idempotency-Key on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const add = async (quantity = 10) => (await addItem(inventory, { quantity })).id;
  const change = (id: number, key: string, options: Options) => patch(inventory, id, key, options);
  const by = (id: number, key: string, quantity_change: number, headers = {}) =>
    change(id, key, { body: { quantity_change }, headers });
  const changesOf = async (id: number) => (await readMovements(inventory, id)).map((movement) => movement.change);

  it('is made once, and a repeated request is answered with what it left', async () => {
    const [id, key] = [await add(), randomUUID()];

    const first = await by(id, key, -2);
    const second = await by(id, key, -2);

    expect([first.status, first.headers.has('Idempotent-Replayed'), first.body.quantity]).toEqual([200, false, 8]);
    expect([second.status, second.headers.get('Idempotent-Replayed')]).toEqual([200, 'true']);
    expect([second.body, second.headers.get('ETag')]).toEqual([first.body, first.headers.get('ETag')]);
    expect(await changesOf(id)).toEqual([10, -2]);
  });

  it('is answered with what it left, even after other changes and after the item is deleted', async () => {
    const [id, key] = [await add(), randomUUID()];
    const first = await by(id, key, -2);

    await by(id, randomUUID(), 5);
    await call(inventory, `PUT /api/v1/items/${id}`, { body: { name: 'Cup' } });
    expect((await by(id, key, -2)).body).toEqual(first.body);
    await call(inventory, `DELETE /api/v1/items/${id}`);

    expect(await by(id, key, -2)).toMatchObject({ status: 200, body: first.body });
    expect(await changesOf(id)).toEqual([10, -2, 5, -13]);
  });

  it('is answered with the stock that back-orders had left', async () => {
    const [id, key] = [await add(0), randomUUID()];
    const waiting = await makePackage(inventory, await makeKit(inventory, [{ item_id: id, quantity: 2 }]));

    const answers = [
      await change(id, key, { body: { quantity: 5 } }),
      await change(id, key, { body: { quantity: 5 } }),
    ];

    expect(answers.map(({ body }) => body.quantity)).toEqual([3, 3]);
    expect(await statusesOf(inventory, [waiting])).toEqual(['received']);
    expect(await changesOf(id)).toEqual([5, -2]);
  });

  it('is the same in the query and in the body', async () => {
    const [id, key] = [await add(), randomUUID()];
    await by(id, key, 3);

    expect((await change(id, key, { query: '/?quantity_change=+3' })).headers.get('Idempotent-Replayed')).toBe('true');
    expect(await changesOf(id)).toEqual([10, 3]);
  });

  it('without an effect is remembered, too', async () => {
    const [id, key] = [await add(), randomUUID()];
    await change(id, key, { body: { quantity: 10 } });
    await by(id, randomUUID(), 1);

    expect((await change(id, key, { body: { quantity: 10 } })).body.quantity).toBe(10);
    expect((await readItem(inventory, id)).quantity).toBe(11);
  });

  it('can be repeated with the version that it required', async () => {
    const [id, key] = [await add(), randomUUID()];
    const known = (await call(inventory, `GET /api/v1/items/${id}`)).headers.get('ETag') ?? '';

    const answers = [await by(id, key, 1, { 'If-Match': known }), await by(id, key, 1, { 'If-Match': known })];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await by(id, randomUUID(), 1, { 'If-Match': known })).status).toBe(412);
    expect(await changesOf(id)).toEqual([10, 1]);
  });

  it.each<[string, Options]>([
    ['another change', { body: { quantity_change: -3 } }],
    ['the same amount as the new stock', { body: { quantity: 2 } }],
    ['another reason', { body: { quantity_change: -2, reason: 'broken' } }],
  ])('is the only one that its key makes: %s is rejected', async (_, other) => {
    const [id, key] = [await add(), randomUUID()];
    await by(id, key, -2);

    expect(await change(id, key, other)).toMatchObject(refusal);
    expect(await changesOf(id)).toEqual([10, -2]);
    expect((await by(id, key, -2)).status).toBe(200);
  });

  it('keeps its key from another item and from every other route, and they keep theirs from it', async () => {
    const [id, other] = [await add(), await add()];
    const made = await makePackage(inventory, 'without a kit');
    const routes: ((key: string) => ReturnType<typeof call>)[] = [
      (key) => by(id, key, -1),
      (key) => by(other, key, -1),
      (key) => postPackage(inventory, aPackage(), key),
      (key) => send('POST /packages/batch', key, { packages: [aPackage()] }),
      (key) => send('POST /package_requests', key, { customer_id: aPackage().customerId, package_type: 'x' }),
      (key) => send('POST /api/v1/items', key, { name: 'Mug', sku: randomUUID(), price: 1 }),
      (key) => send(`PATCH /packages/${made.id}`, key, { status: 'packed' }),
    ];

    for (const [place, first] of routes.entries()) {
      const key = randomUUID();
      expect([200, 201]).toContain((await first(key)).status);
      for (const second of routes.filter((_, index) => index !== place)) {
        expect(await second(key)).toMatchObject(refusal);
      }
    }
    expect([await changesOf(id), await changesOf(other)]).toEqual([
      [10, -1],
      [10, -1],
    ]);
  });

  it('that is rejected leaves its key free', async () => {
    const [id, key] = [await add(1), randomUUID()];

    expect((await by(id, key, -2)).status).toBe(409);
    expect((await by(id, key, -2, { 'If-Match': '"0"' })).status).toBe(412);
    expect((await by(999_999_999, key, -2)).status).toBe(404);
    expect((await change(id, key, {})).status).toBe(400);
    await by(id, randomUUID(), 1);

    expect(await by(id, key, -2)).toMatchObject({ status: 200, body: { quantity: 0 } });
    expect(await changesOf(id)).toEqual([1, 1, -2]);
  });

  it('is made once by a hundred concurrent requests, and each is answered with it', async () => {
    const [id, key] = [await add(), randomUUID()];

    const answers = await Promise.all(Array.from({ length: 100 }, () => by(id, key, -2)));

    expect(answers).toMatchObject(Array(100).fill({ status: 200, body: { quantity: 8 } }));
    expect(answers.filter(({ headers }) => !headers.has('Idempotent-Replayed'))).toHaveLength(1);
    expect(await changesOf(id)).toEqual([10, -2]);
  });

  it('is made by one of fifty concurrent different requests with the same key', async () => {
    const [id, key] = [await add(0), randomUUID()];

    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => by(id, key, index + 1)));

    const [made, ...others] = answers.filter(({ status }) => status === 200);
    expect([others, answers.filter(({ status }) => status === 422).length]).toEqual([[], 49]);
    expect(await changesOf(id)).toEqual([made?.body.quantity]);
  });

  it('is made once among packages that are created at the same time', async () => {
    const [id, key] = [await add(100), randomUUID()];
    const type = await makeKit(inventory, [{ item_id: id, quantity: 1 }]);
    const twice = <T>(ask: () => Promise<T>) => [ask(), ask()];

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const given = aPackage({ packageType: type });
        const packageKey = `${key} ${index}`.replace(' ', '-');
        return [
          ...twice(() => postPackage(inventory, given, packageKey)),
          ...twice(() => by(id, `${packageKey}-change`, -1)),
        ];
      }).flat(),
    );

    expect(answers.filter(({ headers }) => headers.has('Idempotent-Replayed'))).toHaveLength(40);
    expect((await readItem(inventory, id)).quantity).toBe(60);
  });

  it('survives a restart', async () => {
    await using database = await freshDatabase(kind);
    const key = randomUUID();
    const before = await startInventoryOn(database);
    const { id } = await addItem(before, { quantity: 10 });
    const first = await patch(before, id, key, { body: { quantity_change: -2 } });
    await before[Symbol.asyncDispose]();
    await using after = await startInventoryOn(database);

    const again = await patch(after, id, key, { body: { quantity_change: -2 } });

    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(await patch(after, id, key, { body: { quantity_change: -3 } })).toMatchObject(refusal);
    expect((await readItem(after, id)).quantity).toBe(8);
  });

  it.each([
    ['an empty key', ''],
    ['a key of 256 characters', 'k'.repeat(256)],
    ['a key with a space', 'one two'],
    ['a key with a letter beyond ASCII', 'clé'],
  ])('with %s is rejected', async (_, key) => {
    const id = await add();

    const { status, body } = await by(id, key, -2);

    expect([status, body.errors[0].field]).toEqual([400, 'idempotency-key']);
    expect(await changesOf(id)).toEqual([10]);
  });

  it('may have a key of 255 characters', async () => {
    const [id, key] = [await add(), `${randomUUID()}${'~'.repeat(219)}`];

    for (const _time of ['first', 'second']) expect((await by(id, key, -2)).status).toBe(200);
    expect(await changesOf(id)).toEqual([10, -2]);
  });

  const send = (request: string, key: string, body: unknown) =>
    call(inventory, request, { body, headers: { 'Idempotency-Key': key } });

  describe('that adds an item', () => {
    const anItem = (overrides = {}) => ({ name: 'Mug', sku: randomUUID(), price: 12.5, quantity: 3, ...overrides });
    const add = (key: string, body: unknown) => send('POST /api/v1/items/', key, body);

    it('adds it once, and a repeated request is answered with the item as it was added', async () => {
      const [given, key] = [anItem(), randomUUID()];
      const first = await add(key, given);
      await by(first.body.id, randomUUID(), 4);

      const second = await add(key, { ...given, price: 12.5, note: 'an unknown field', brand: null });

      expect([first.status, second.status]).toEqual([201, 200]);
      expect([second.body, second.headers.get('Idempotent-Replayed')]).toEqual([first.body, 'true']);
      for (const header of ['ETag', 'Location']) expect(second.headers.get(header)).toBe(first.headers.get(header));
      expect(await changesOf(first.body.id)).toEqual([3, 4]);
      expect(await add(key, { ...given, quantity: 4 })).toMatchObject(refusal);
    });

    it('adds it once by fifty concurrent requests', async () => {
      const [given, key] = [anItem(), randomUUID()];

      const answers = await Promise.all(Array.from({ length: 50 }, () => add(key, given)));

      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(49).fill(200), 201]);
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect(await changesOf(answers[0]?.body.id)).toEqual([3]);
    });

    it('leaves its key free if the sku is taken', async () => {
      const [given, key] = [anItem(), randomUUID()];
      await add(randomUUID(), given);

      expect((await add(key, given)).status).toBe(409);
      expect((await add(key, anItem())).status).toBe(201);
    });
  });

  describe('that changes the status of a package', () => {
    const move = (id: number, key: string, status: string) => send(`PATCH /packages/${id}`, key, { status });

    it('is made once, and answered with what it left', async () => {
      const [id, [cancelling, reinstating]] = [await add(), [randomUUID(), randomUUID()]];
      const made = await makePackage(inventory, await makeKit(inventory, [{ item_id: id, quantity: 2 }]));
      const answers = [
        await move(made.id, cancelling, 'cancelled'),
        await move(made.id, reinstating, 'received'),
        await move(made.id, cancelling, 'cancelled'),
        await move(made.id, reinstating, 'received'),
      ];

      expect(answers.map(({ status, body }) => [status, body.status])).toEqual([
        [200, 'cancelled'],
        [200, 'received'],
        [200, 'cancelled'],
        [200, 'received'],
      ]);
      const replayed = answers.map(({ headers }) => headers.has('Idempotent-Replayed'));
      expect(replayed).toEqual([false, false, true, true]);
      expect(await changesOf(id)).toEqual([10, -2, 2, -2]);
      expect(await move(made.id, cancelling, 'packed')).toMatchObject(refusal);
    });
  });

  describe('that creates a batch of packages', () => {
    const batch = (key: string, packages: unknown[]) => send('POST /packages/batch', key, { packages });

    it('is answered with the results of the first request', async () => {
      const [id, key] = [await add(3), randomUUID()];
      const packageType = await makeKit(inventory, [{ item_id: id, quantity: 2 }]);
      const packages = [aPackage({ packageType }), {}, aPackage({ packageType })];
      const first = await batch(key, packages);
      await by(id, randomUUID(), 1); // fills the second

      const second = await batch(key, packages);

      expect([second.status, second.headers.get('Idempotent-Replayed')]).toEqual([200, 'true']);
      expect(second.body).toEqual(first.body);
      expect(first.body.results.map(({ status }: { status: number }) => status)).toEqual([201, 400, 201]);
      expect(await batch(key, packages.slice(0, 1))).toMatchObject(refusal);
      expect(await changesOf(id)).toEqual([3, -2, 1, -2]);
    });

    it('leaves its key free if no entry is valid', async () => {
      const key = randomUUID();

      expect((await batch(key, [{}])).status).toBe(200);
      expect((await batch(key, [aPackage()])).body.results).toMatchObject([{ status: 201 }]);
    });
  });

  it('can be asked for on every route with POST or PATCH', async () => {
    type Operation = { parameters?: { name: string; in: string }[]; responses: Record<string, unknown> };
    const { paths } = (await call(inventory, 'GET /openapi.json')).body;
    const operations = Object.entries<Record<string, Operation>>(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
    );
    const changing = operations.filter(({ route }) => /^(post|patch) /.test(route));

    const keyed = changing.filter(({ parameters = [], responses }) => {
      return parameters.some(({ name }) => name === 'idempotency-key') && '422' in responses;
    });
    expect(keyed.map(({ route }) => route)).toEqual(changing.map(({ route }) => route));
    expect(keyed).toHaveLength(6);
  });
});
