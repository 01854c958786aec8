import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addItem, changeQuantity, readItem, readMovements, startTestInventory, type TestInventory } from './start.ts';

const limit = 1_000_000_000;

describe.each(databases)('the stock of an item on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const patch = (id: number, { query = '', ...options }: { query?: string; body?: unknown; headers?: Header }) =>
    call(inventory, `PATCH /api/v1/items/${id}/quantity${query}`, options);
  const add = (overrides: Record<string, unknown> = {}) => addItem(inventory, overrides);
  const changesOf = async (id: number) => (await readMovements(inventory, id)).map(({ change }) => change);
  type Header = Record<string, string>;

  it.each([
    ['by a number in the query', { query: '?quantity_change=-3' }, 7],
    ['by a number in the query, its plus sign not encoded', { query: '?quantity_change=+5' }, 15],
    ['by a number in the query, its plus sign encoded', { query: '?quantity_change=%2B5' }, 15],
    ['by a number in the query, without a sign', { query: '?quantity_change=5' }, 15],
    ['by a number in the query, behind a closing slash', { query: '/?quantity_change=5' }, 15],
    ['by a number in the query, with a reason in the body', { query: '?quantity_change=5', body: { reason: 'x' } }, 15],
    ['by a number in the body', { body: { quantity_change: -10 } }, 0],
    ['to a number in the body', { body: { quantity: 17 } }, 17],
  ])('changes %s', async (_, options, expected) => {
    const { id, ...item } = await add({ quantity: 10 });

    const { status, headers, body } = await patch(id, options);

    expect([status, headers.get('ETag')]).toEqual([200, expect.stringMatching(/^"\d+"$/)]);
    expect(body).toStrictEqual({ id, ...item, quantity: expected, updated_at: body.updated_at });
    expect(await readItem(inventory, id)).toStrictEqual(body);
    expect(await changesOf(id)).toEqual([10, expected - 10]);
  });

  it.each([
    [
      'below zero, by a number',
      { quantity: 10 },
      { quantity_change: -11 },
      'Insufficient quantity in stock: 10 available, 11 requested',
    ],
    [
      'above its maximum, by a number',
      { quantity: 10, max_quantity: 20 },
      { quantity_change: 11 },
      'The stock would be 21, but the maximum is 20',
    ],
    [
      'above its maximum, to a number',
      { quantity: 10, max_quantity: 20 },
      { quantity: 21 },
      'The stock would be 21, but the maximum is 20',
    ],
    ['above the highest quantity', { quantity: limit }, { quantity_change: 1 }, /^The stock would be 1000000001/],
  ])('does not go %s', async (_, item, change, detail) => {
    const { id } = await add(item);

    const { status, body } = await changeQuantity(inventory, id, change);

    expect([status, body.detail]).toEqual([409, expect.stringMatching(detail)]);
    expect((await readItem(inventory, id)).quantity).toBe(item.quantity);
    expect(await changesOf(id)).toEqual([item.quantity]);
  });

  it('reaches zero, its maximum, and the highest quantity', async () => {
    const [{ id }, unlimited] = [await add({ quantity: 10, max_quantity: 20 }), await add({ quantity: 0 })];

    for (const quantity_change of [-10, 20])
      expect((await changeQuantity(inventory, id, { quantity_change })).status).toBe(200);
    expect((await changeQuantity(inventory, unlimited.id, { quantity_change: limit })).body.quantity).toBe(limit);
    expect((await changeQuantity(inventory, unlimited.id, { quantity_change: -limit })).body.quantity).toBe(0);

    expect(await changesOf(id)).toEqual([10, -10, 20]);
  });

  it('may fall but not rise above a lowered maximum', async () => {
    const { id } = await add({ quantity: 30 });
    expect((await call(inventory, `PUT /api/v1/items/${id}`, { body: { max_quantity: 20 } })).status).toBe(200);

    const statuses = [];
    for (const change of [
      { quantity_change: 1 },
      { quantity: 31 },
      { quantity: 29 },
      { quantity_change: -4 },
      { quantity: 26 },
    ]) {
      statuses.push((await changeQuantity(inventory, id, change)).status);
    }

    expect(statuses).toEqual([409, 409, 200, 200, 409]);
    expect(await changesOf(id)).toEqual([30, -1, -4]);
  });

  it('keeps its version after a change by zero', async () => {
    const { id } = await add({ quantity: 10 });
    const { headers, body } = await call(inventory, `GET /api/v1/items/${id}`);

    for (const change of [{ quantity_change: 0 }, { quantity: 10 }, { quantity_change: -0 }]) {
      const answer = await changeQuantity(inventory, id, change);
      expect([answer.status, answer.headers.get('ETag'), answer.body]).toEqual([200, headers.get('ETag'), body]);
    }

    expect(await changesOf(id)).toEqual([10]);
  });

  it('is exact after a hundred concurrent changes, each with its own result', async () => {
    const { id } = await add({ quantity: 0 });

    const answers = await Promise.all(Array.from({ length: 100 }, () => patch(id, { query: '?quantity_change=+3' })));

    const stocks = answers.map(({ body }) => body.quantity).sort((a, b) => a - b);
    expect(stocks).toEqual(Array.from({ length: 100 }, (_, index) => 3 * (index + 1)));
    expect(new Set(answers.map(({ headers }) => headers.get('ETag'))).size).toBe(100);
    expect((await readItem(inventory, id)).quantity).toBe(300);
    expect(await changesOf(id)).toEqual(Array(100).fill(3));
  });

  it('serves as many of thirty concurrent requests as it suffices for', async () => {
    const { id } = await add({ quantity: 10 });

    const answers = await Promise.all(
      Array.from({ length: 30 }, () => changeQuantity(inventory, id, { quantity_change: -1 })),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(10).fill(200), ...Array(20).fill(409)]);
    expect((await readItem(inventory, id)).quantity).toBe(0);
    expect(await changesOf(id)).toEqual([10, ...Array(10).fill(-1)]);
  });

  it('changes only at the version that If-Match names', async () => {
    const { id } = await add({ quantity: 10 });
    const body = { quantity_change: 1 };
    const first = (await patch(id, { body })).headers.get('ETag') ?? '';
    const second = (await patch(id, { body, headers: { 'If-Match': first } })).headers.get('ETag') ?? '';

    // a proxy that compresses makes a tag weak
    const ifMatches = [first, `W/${first}`, second.slice(1, -1), '"0"', '', `"0", W/${second}`];
    const statuses = [];
    for (const ifMatch of ifMatches)
      statuses.push((await patch(id, { body, headers: { 'If-Match': ifMatch } })).status);

    expect(statuses).toEqual([412, 412, 412, 412, 412, 200]);
    expect((await patch(id, { body, headers: { 'If-Match': '*' } })).status).toBe(200);
    expect(await changesOf(id)).toEqual([10, 1, 1, 1, 1]);
  });

  it('changes once by twenty requests with the same version', async () => {
    const { id } = await add({ quantity: 10 });
    const known = (await call(inventory, `GET /api/v1/items/${id}`)).headers.get('ETag') ?? '';
    const options = { body: { quantity_change: 1 }, headers: { 'If-Match': known } };

    const answers = await Promise.all(Array.from({ length: 20 }, () => patch(id, options)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(412)]);
    expect(await changesOf(id)).toEqual([10, 1]);
  });

  it('records the given reason, or "adjusted"', async () => {
    const { id } = await add({ quantity: 10 });
    const given = [' delivery ', '🎁'.repeat(200), "Ñandú's; -- 李", 'cancelled', undefined];

    for (const reason of given) await changeQuantity(inventory, id, { quantity_change: 1, reason });

    const kept = (await readMovements(inventory, id)).map(({ reason, package_id }) => [reason, package_id]);
    const reasons = ['created', 'delivery', ...given.slice(1, -1), 'adjusted'];
    expect(kept).toEqual(reasons.map((reason) => [reason, null]));
  });
});
