import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { addItem, anItem, startTestInventory, type TestInventory } from './start.ts';

describe('an item', () => {
  let inventory: TestInventory;
  let mug: Item;
  beforeAll(async () => {
    inventory = await startTestInventory('sqlite');
    mug = await addItem(inventory);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const post = (body: unknown) => call(inventory, 'POST /api/v1/items/', { body });
  const put = (body: unknown) => call(inventory, `PUT /api/v1/items/${mug.id}`, { body });
  const expectNothingStored = async () =>
    expect((await call(inventory, 'GET /api/v1/items')).body).toMatchObject({ items: [mug], total: 1 });

  const whole = 'must be a whole number from 0 to 1000000000';
  const anId = 'must be an integer, or a text of 1 to 100 visible characters';
  const decimals = 'must have at most two decimals';
  const controls = 'must not contain control characters';
  const bad: [field: string, value: unknown, message: string][] = [
    ['price', 0, 'must be greater than 0'],
    ['price', -0.01, 'must be greater than 0'],
    ['price', 19.999, decimals],
    ['price', 0.1 + 0.2, decimals],
    ['price', 1.005, decimals],
    ['price', 0.005, decimals],
    ['price', 1e-7, decimals],
    ['price', 1_000_000_000, 'must be at most 999999999.99'],
    ['price', 1e300, 'must be at most 999999999.99'],
    ['price', '12.50', 'must be a number'],
    ['price', true, 'must be a number'],
    ['price', [12.5], 'must be a number'],
    ['cost', -0.01, 'must be at least 0'],
    ['cost', 0.001, decimals],
    ['cost', 1_000_000_000, 'must be at most 999999999.99'],
    ['cost', '', 'must be a number'],
    ['quantity', -1, whole],
    ['min_quantity', -1, whole],
    ...['quantity', 'min_quantity', 'max_quantity'].flatMap((field) =>
      [1.5, 1_000_000_001, 2 ** 31, '5', true, {}].map((value): [string, unknown, string] => [field, value, whole]),
    ),
    ['quantity', null, whole],
    ['min_quantity', null, whole],
    ['is_active', null, 'must be a boolean'],
    ['is_active', 'false', 'must be a boolean'],
    ['is_active', 0, 'must be a boolean'],
    ['name', 5, 'must be a string'],
    ['name', 'n'.repeat(256), 'must be 1 to 255 characters long'],
    ['name', '🎁'.repeat(256), 'must be 1 to 255 characters long'],
    ['name', 'a\nb', controls],
    ['sku', 5, 'must be a string'],
    ['sku', '🎁'.repeat(101), 'must be 1 to 100 characters long'],
    ['sku', 'a\u0000b', controls],
    ['description', 'd'.repeat(10_001), 'must be at most 10000 characters long'],
    ['description', '🎁'.repeat(10_001), 'must be at most 10000 characters long'],
    ['description', 'a\u0000b', 'must not contain NUL or unpaired surrogates'],
    ['description', '\ud83c', 'must not contain NUL or unpaired surrogates'],
    ['description', ['a'], 'must be a string'],
    ...['category', 'brand', 'dimensions'].flatMap((field): [string, unknown, string][] => [
      [field, 5, 'must be a string'],
      [field, ' ', 'must be 1 to 100 characters long'],
      [field, 'x'.repeat(101), 'must be 1 to 100 characters long'],
      [field, 'a\u007fb', controls],
    ]),
    ['weight', -1, 'must be at least 0'],
    ['weight', 1_000_000.1, 'must be at most 1000000'],
    ['weight', '0.5', 'must be a number'],
    ['customer_id', '', anId],
    ['customer_id', ' 1', anId],
    ['customer_id', 1.5, anId],
    ['customer_id', true, anId],
    ['customer_id', 'c'.repeat(101), anId],
  ];
  it.each(bad)('is neither added nor changed with the %s %j: it %s', async (field, value, message) => {
    for (const answer of [await post(anItem({ [field]: value })), await put({ [field]: value })]) {
      const detail = `${field} ${message}`;
      const problem = { title: 'Bad Request', status: 400, detail, error: detail, errors: [{ field, message }] };
      expect(answer).toMatchObject({ status: 400, body: problem });
      expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    }
    await expectNothingStored();
  });

  it.each([
    ['nothing', {}, 'Missing required fields: name, sku, price'],
    ['no sku', { name: 'Mug', price: 1 }, 'Missing required fields: sku'],
    ['a blank name', anItem({ name: ' ' }), 'Missing required fields: name'],
    ['null for a price', anItem({ price: null }), 'Missing required fields: price'],
    [
      'several errors',
      { price: 'x', quantity: -1 },
      'Missing required fields: name, sku; price must be a number; quantity must be a whole number from 0 to 1000000000',
    ],
    ['an infinite price', '{"name":"Mug","sku":"infinite","price":1e999}', 'price must be a number'],
    [
      'a maximum equal to the minimum',
      anItem({ min_quantity: 5, max_quantity: 5, quantity: 0 }),
      'max_quantity must be greater than min_quantity',
    ],
    [
      'no room for any stock',
      anItem({ max_quantity: 0, quantity: 0 }),
      'max_quantity must be greater than min_quantity',
    ],
    ['more than its maximum', anItem({ quantity: 6, max_quantity: 5 }), 'quantity must be at most max_quantity'],
    [
      'several contradictory limits',
      anItem({ quantity: 6, min_quantity: 7, max_quantity: 5 }),
      'max_quantity must be greater than min_quantity; quantity must be at most max_quantity',
    ],
    ['a list', [anItem()], 'The request body must be a JSON object'],
    ['a text', '"x"', 'The request body must be a JSON object'],
    ['truncated JSON', '{"name": "Mug"', 'The request body is not valid JSON'],
  ])('is not added with %s', async (_, body, detail) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { detail, error: detail } });
    await expectNothingStored();
  });

  it.each([
    ['no name', { name: null }, 'name must be a string'],
    ['a blank name', { name: ' ' }, 'name must be 1 to 255 characters long'],
    ['no sku', { sku: '' }, 'sku must be 1 to 100 characters long'],
    ['no price', { price: null }, 'price must be a number'],
    ['a list', [{ price: 1 }], 'The request body must be a JSON object'],
    ['null', 'null', 'The request body must be a JSON object'],
  ])('is not changed to %s', async (_, body, detail) => {
    expect(await put(body)).toMatchObject({ status: 400, body: { detail } });
    await expectNothingStored();
  });

  it.each([
    ['999999999', 404, 'Item not found'],
    ['99999999999999999999999', 404, 'Item not found'],
    ['0', 400, 'id must be a positive integer'],
    ['-1', 400, 'id must be a positive integer'],
    ['1.5', 400, 'id must be a positive integer'],
    ['01', 400, 'id must be a positive integer'],
    ['1e3', 400, 'id must be a positive integer'],
    ['abc', 400, 'id must be a positive integer'],
  ])('is neither read, changed nor deleted under the id %s', async (id, status, detail) => {
    for (const [method, body] of [['GET'], ['PUT', { price: 1 }], ['DELETE']] as const) {
      expect(await call(inventory, `${method} /api/v1/items/${id}`, { body })).toMatchObject({
        status,
        body: { detail },
      });
    }
  });
});
