import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { addItem, readItem, startTestInventory, type TestInventory } from './start.ts';

type Options = { query?: string; body?: unknown };

const limit = 1_000_000_000;

describe('the stock of an item', () => {
  let inventory: TestInventory;
  let untouched: Item;
  beforeAll(async () => {
    inventory = await startTestInventory('sqlite');
    untouched = await addItem(inventory);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const oneIsNeeded = 'Give exactly one of quantity_change (in the query or the body) and quantity (in the body)';
  const byMessage = `quantity_change must be a whole number from -${limit} to ${limit}`;
  const toMessage = `quantity must be a whole number from 0 to ${limit}`;
  it.each([
    ['nothing at all', {}, oneIsNeeded],
    ['an empty body', { body: {} }, oneIsNeeded],
    ['a reason alone', { body: { reason: 'stocktaking' } }, oneIsNeeded],
    [
      'a new stock in the query',
      { query: '?quantity=5' },
      'quantity is not a query parameter of this route, which takes quantity_change',
    ],
    ['an empty number in the query', { query: '?quantity_change=' }, oneIsNeeded],
    ['both in the body', { body: { quantity_change: 1, quantity: 11 } }, oneIsNeeded],
    ['a number in the query and one in the body', { query: '?quantity_change=1', body: { quantity: 11 } }, oneIsNeeded],
    ['the same twice', { query: '?quantity_change=1', body: { quantity_change: 1 } }, oneIsNeeded],
    ['two in the query', { query: '?quantity_change=1&quantity_change=1' }, 'quantity_change must be given only once'],
    ...['1.5', '1e3', '0x1', '--1', '+-1', '%201%20', 'NaN', `${limit + 1}`, '-9'.repeat(30)].map(
      (text) => [`"${text}" in the query`, { query: `?quantity_change=${text}` }, byMessage] as const,
    ),
    ['a text in the body', { body: { quantity_change: '5' } }, byMessage],
    ['null in the body', { body: { quantity_change: null } }, byMessage],
    ['a fraction in the body', { body: { quantity_change: 0.5 } }, byMessage],
    ['a list', { body: [{ quantity_change: 5 }] }, 'The request body must be a JSON object'],
    ['truncated JSON', { body: '{"quantity_change": 5' }, 'The request body is not valid JSON'],
    ...[-1, 0.5, limit + 1, '5', null, true].map((quantity) => [
      `a stock of ${quantity}`,
      { body: { quantity } },
      toMessage,
    ]),
    ['a blank reason', { body: { quantity_change: 1, reason: ' ' } }, 'reason must be 1 to 200 characters long'],
    [
      'a reason of two lines',
      { body: { quantity_change: 1, reason: 'a\nb' } },
      'reason must not contain control characters',
    ],
  ] as [string, Options, string][])('stays unchanged by a request with %s', async (_, options, detail) => {
    const { query = '', ...sent } = options;
    const { status, body } = await call(inventory, `PATCH /api/v1/items/${untouched.id}/quantity${query}`, sent);

    expect([status, body.detail]).toEqual([400, detail]);
    expect(await readItem(inventory, untouched.id)).toEqual(untouched);
  });

  it.each([
    ['999999999', 404, 'Item not found'],
    ['99999999999999999999999', 404, 'Item not found'],
    ['0', 400, 'id must be a positive integer'],
    ['1.5', 400, 'id must be a positive integer'],
    ['abc', 400, 'id must be a positive integer'],
  ])('cannot be changed under the id %s', async (id, expected, detail) => {
    const { status, body } = await call(inventory, `PATCH /api/v1/items/${id}/quantity?quantity_change=1`);

    expect([status, body.detail]).toEqual([expected, detail]);
  });
});
