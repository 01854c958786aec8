import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { changeStatus, makePackage } from './packaging.ts';
import { addItem, changeQuantity, makeKit, readMovements, startTestInventory, type TestInventory } from './start.ts';

type Headers = Record<string, string>;

describe.each(databases)('the ETag of an item on %s', (kind) => {
  let inventory: TestInventory;
  let mug: Item;
  /** The current one of the mug; `"1"` is an older one. */
  let etag: string;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());
  beforeEach(async () => {
    const { id } = await addItem(inventory, { quantity: 0 });
    const changed = await call(inventory, `PUT /api/v1/items/${id}`, { body: { quantity: 10, price: 8 } });
    mug = changed.body;
    etag = changed.headers.get('ETag') ?? '';
  });

  const read = (headers: Headers = {}) => call(inventory, `GET /api/v1/items/${mug.id}`, { headers });
  const put = (body: unknown, headers: Headers = {}) =>
    call(inventory, `PUT /api/v1/items/${mug.id}`, { body, headers });
  const remove = (headers: Headers = {}) => call(inventory, `DELETE /api/v1/items/${mug.id}`, { headers });
  const etagNow = async () => (await read()).headers.get('ETag');
  /** `E` stands for the current one, `V` for what it has between its quotes. */
  const fill = (header: string) => header.replace('E', etag).replace('V', etag.replaceAll('"', ''));

  it.each([['E'], ['W/E'], ['"V-gzip"'], ['"1", E'], ['"1",W/E,"x"'], ['*']])(
    'gets 304 for If-None-Match: %s',
    async (header) => {
      const { status, headers, body } = await read({ 'If-None-Match': fill(header) });

      expect([status, body, headers.get('ETag')]).toEqual([304, '', etag]);
    },
  );

  it.each([['"1"'], ['W/"1"'], ['2'], ['""'], ['nonsense']])(
    'gets the full response for If-None-Match: %s',
    async (header) => {
      const { status, headers, body } = await read({ 'If-None-Match': header });

      expect([status, body, headers.get('ETag')]).toEqual([200, mug, etag]);
    },
  );

  it.each([['E'], ['W/E'], ['"V-gzip"'], ['"1", E'], ['W/"1",W/E,"x"'], ['*']])(
    'allows a change with If-Match: %s',
    async (header) => {
      const { status, headers, body } = await put({ price: 9 }, { 'If-Match': fill(header) });

      expect([status, body]).toStrictEqual([200, { ...mug, price: 9, updated_at: body.updated_at }]);
      expect(headers.get('ETag')).not.toBe(etag);
      expect(await etagNow()).toBe(headers.get('ETag'));
    },
  );

  it.each([
    ['an older one', '"1"'],
    ['an older one, as a proxy leaves it', 'W/"1-gzip"'],
    ['several others', '"1", "x", W/"1"'],
    ['one without quotes', '2'],
    ['an empty one', '""'],
    ['no ETag at all', 'nonsense'],
  ])('rejects a change and a deletion with If-Match of %s', async (_, header) => {
    const headers = { 'If-Match': fill(header) };

    for (const answer of [
      await put({ price: 9, quantity: 1 }, headers),
      await put({}, headers),
      await remove(headers),
    ]) {
      expect(answer).toMatchObject({ status: 412, body: { title: 'Precondition Failed' } });
      expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    }
    const after = await read();
    expect([after.body, after.headers.get('ETag')]).toEqual([mug, etag]);
    expect((await readMovements(inventory, mug.id)).map(({ change }) => change)).toEqual([10]);
  });

  it('allows a deletion that names it', async () => {
    expect(await remove({ 'If-Match': etag })).toMatchObject({ status: 204, body: '' });
    expect(await read()).toMatchObject({ status: 404 });
  });

  it('is checked before any other reason to reject a change or a deletion', async () => {
    const { sku } = await addItem(inventory);
    await makeKit(inventory, [{ item_id: mug.id, quantity: 1 }]);
    const headers = { 'If-Match': '"1"' };

    for (const change of [{ sku }, { min_quantity: 1, max_quantity: 1 }, { quantity: 6, max_quantity: 5 }])
      expect((await put(change, headers)).status).toBe(412);
    expect((await remove(headers)).status).toBe(412);
  });

  it.each([
    ['nothing at all', () => undefined],
    ['an empty change', () => ({})],
    ['its current values', () => mug],
    ['the current value of one field', () => ({ price: 8.0 })],
    ['its current stock', () => ({ quantity: 10 })],
    ['null for empty fields', () => ({ cost: null, max_quantity: null, category: null })],
    ['unknown fields', () => ({ id: 1, created_at: 'x', colour: 'red' })],
    ['the same text with spaces around it', () => ({ name: ` ${mug.name} ` })],
  ])('stays the same after a change to %s', async (_, change) => {
    const { status, headers, body } = await put(change());

    expect([status, body, headers.get('ETag')]).toEqual([200, mug, etag]);
    const after = await read({ 'If-None-Match': etag });
    expect(after.status).toBe(304);
    expect(await readMovements(inventory, mug.id)).toHaveLength(1);
  });

  it('stays the same after a rejected change', async () => {
    for (const change of [
      { price: -1 },
      { price: 9, quantity: 11, max_quantity: 10 },
      { min_quantity: 5, max_quantity: 5 },
    ])
      expect((await put(change)).status).toBeGreaterThanOrEqual(400);
    await changeQuantity(inventory, mug.id, { quantity_change: -11 });

    expect(await etagNow()).toBe(etag);
  });

  it('changes with every change, and never repeats', async () => {
    const packageType = await makeKit(inventory, [{ item_id: mug.id, quantity: 1 }]);
    const seen = [etag];
    const steps = [
      () => put({ name: 'Cup' }),
      () => put({ name: 'Mug' }),
      () => put({ quantity: 5 }),
      () => put({ quantity: 10, cost: 1 }),
      () => put({ cost: null }),
      () => put({ min_quantity: 1 }),
      () => changeQuantity(inventory, mug.id, { quantity_change: -1 }),
      () => changeQuantity(inventory, mug.id, { quantity: 10 }),
      () => makePackage(inventory, packageType),
      async () => changeStatus(inventory, (await makePackage(inventory, packageType)).id, 'cancelled'),
    ];
    for (const step of steps) {
      await step();
      seen.push((await etagNow()) ?? '');
    }

    expect(new Set(seen).size).toBe(steps.length + 1);
    for (const old of seen.slice(0, -1)) expect((await put({ price: 99 }, { 'If-Match': old })).status).toBe(412);
  });

  it('allows exactly one of many concurrent changes to the same version', async () => {
    const changes = Array.from({ length: 20 }, (_, index) => put({ quantity: 20 + index }, { 'If-Match': etag }));

    const answers = await Promise.all(changes);

    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
    const after = await read();
    expect([after.body, after.headers.get('ETag')]).toEqual([won[0]?.body, won[0]?.headers.get('ETag')]);
    expect(await readMovements(inventory, mug.id)).toHaveLength(2);
  });

  it('allows exactly one of a concurrent change and deletion', async () => {
    const headers = { 'If-Match': etag };

    const [changed, removed] = await Promise.all([put({ price: 9 }, headers), remove(headers)]);

    const { status } = await read();
    expect([changed.status, removed.status, status]).toEqual(
      changed.status === 200 ? [200, 412, 200] : [404, 204, 404],
    );
  });
});
