import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addItem, makeKit, startTestInventory, type TestInventory } from './start.ts';

const one = (item_id: number, quantity = 1) => ({ item_id, quantity });

describe('kits', () => {
  let inventory: TestInventory;
  let mug: number;
  let untouched: string;
  beforeAll(async () => {
    inventory = await startTestInventory('sqlite');
    mug = (await addItem(inventory)).id;
    untouched = await makeKit(inventory, [one(mug, 7)]);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const pathOf = (type: string) => `/api/v1/kits/${encodeURIComponent(type)}`;
  const put = (type: string, items: unknown) => call(inventory, `PUT ${pathOf(type)}`, { body: { items } });
  const get = (type: string) => call(inventory, `GET ${pathOf(type)}`);

  it.each([
    ['of spaces', '%20', 'Missing required fields: package_type'],
    ['with a NUL', 'a%00b', 'package_type must not contain control characters'],
    ['of 101 letters', 't'.repeat(101), 'package_type must be 1 to 100 characters long'],
    ['that is badly encoded', '%E0%A4%A', 'The request cannot be understood'],
  ])('cannot exist for a type %s', async (_, encoded, detail) => {
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { items: [one(mug)] }]] as const) {
      const answer = await call(inventory, `${method} /api/v1/kits/${encoded}`, { body });
      expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    }
  });

  it('may have a hundred items, a million of each', async () => {
    const items = await Promise.all(Array.from({ length: 100 }, () => addItem(inventory)));
    const wanted = items.map(({ id }) => one(id, 1_000_000)).sort((a, b) => a.item_id - b.item_id);

    expect(await put('large', wanted.toReversed())).toMatchObject({ status: 201, body: { items: wanted } });
    expect((await get('large')).body.items).toEqual(wanted);
  });

  const badItems: [string, (mug: number) => unknown, string][] = [
    ['nothing', () => undefined, 'Missing required fields: items'],
    ['null', () => null, 'Missing required fields: items'],
    ['no item', () => [], 'items must name at least one item'],
    ['a single item', (mug) => one(mug), 'items must be an array'],
    [
      '101 items',
      () => Array.from({ length: 101 }, (_, index) => one(index + 1)),
      'items must be at most 100 entries long',
    ],
    ['the same item twice', (mug) => [one(mug), one(mug, 2)], 'items.1.item_id is a duplicate'],
    [
      'items that do not exist',
      (mug) => [one(999_999), one(mug), one(Number.MAX_SAFE_INTEGER)],
      'Item 999999 not found; Item 9007199254740991 not found',
    ],
    ['an id in quotes', (mug) => [{ item_id: `${mug}`, quantity: 1 }], 'items.0.item_id must be a positive integer'],
    ['item 0', () => [one(0)], 'items.0.item_id must be a positive integer'],
    ['item 2^53', () => [one(2 ** 53)], 'items.0.item_id must be a positive integer'],
    ['no quantity', (mug) => [{ item_id: mug }], 'Missing required fields: items.0.quantity'],
    ['zero of an item', (mug) => [one(mug, 0)], 'items.0.quantity must be at least 1'],
    ['a negative quantity', (mug) => [one(mug, -1)], 'items.0.quantity must be at least 1'],
    ['half an item', (mug) => [one(mug, 0.5)], 'items.0.quantity must be an int'],
    ['more than a million', (mug) => [one(mug, 1_000_001)], 'items.0.quantity must be at most 1000000'],
  ];
  it.each(badItems)('stay unchanged when a PUT names %s', async (_, items, detail) => {
    const { status, body } = await put(untouched, items(mug));

    expect([status, body.detail]).toEqual([400, detail]);
    expect((await get(untouched)).body.items).toEqual([one(mug, 7)]);
  });
});
