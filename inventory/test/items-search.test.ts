import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Item } from '../src/item.ts';
import { addItem, startTestInventory, type TestInventory } from './start.ts';

const names = [
  'Mug',
  'mug, blue',
  'SMUG',
  'Émile’s cup',
  'émile’s saucer'.normalize('NFD'),
  'Emile’s spoon',
  '100% wool',
  '100 wool',
  'snake_case',
  'snake-case',
  'back\\slash',
  'back/slash',
  '李 tea',
  '🎁 Gift',
  'ｆｕｌｌ width',
  'ΟΔΟΣ',
  'οδοσήμανση',
  'İzmir',
  'Zange',
  'Øl',
];
const categories = [null, 'Kitchen', 'KITCHEN', 'Küche', 'kuche', 'a_b%'];
const brands = [null, 'Acme', 'ACME Ltd', 'Ü&Ö'];
const given = names.map((name, index) => ({
  name,
  category: categories[index % categories.length] ?? null,
  brand: brands[index % brands.length] ?? null,
}));

describe.each(databases)('a search for items on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    await Promise.all(given.map((item) => addItem(inventory, item)));
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  it.each([
    ['name', 'mug', ['Mug', 'mug, blue', 'SMUG']],
    ['name', '  MUG  ', ['Mug', 'mug, blue', 'SMUG']],
    ['name', 'ÉMILE', ['Émile’s cup', names[4]]],
    ['name', 'émile'.normalize('NFD'), ['Émile’s cup', names[4]]],
    ['name', 'emile', ['Emile’s spoon']],
    ['name', 'øL', ['Øl']],
    ['name', '李', ['李 tea']],
    ['name', 'ＦＵＬＬ', ['ｆｕｌｌ width']],
    ['name', '🎁 G', ['🎁 Gift']],
    ['name', 'οδος', ['ΟΔΟΣ', 'οδοσήμανση']],
    ['name', 'ΟΔΟΣ', ['ΟΔΟΣ', 'οδοσήμανση']],
    ['name', 'İZMIR', ['İzmir']],
    ['name', '%', ['100% wool']],
    ['name', '100%w', []],
    ['name', '_', ['snake_case']],
    ['name', 'snake_c', ['snake_case']],
    ['name', '\\', ['back\\slash']],
    ['name', 'k\\s', ['back\\slash']],
    ['name', '\\%', []],
    ['name', "' or 1=1 --", []],
    ['name', '', names],
    ['name', '  ', names],
    ['category', 'kitchen', ['Kitchen', 'KITCHEN']],
    ['category', ' KÜCHE', ['Küche']],
    ['category', 'küche'.normalize('NFD'), ['Küche']],
    ['category', 'kuche', ['kuche']],
    ['category', 'kitch', []],
    ['category', 'k_che', []],
    ['category', '%', []],
    ['category', 'A_B%', ['a_b%']],
    ['category', '', categories],
    ['brand', 'acme', ['Acme']],
    ['brand', 'ü&Ö'.normalize('NFD'), ['Ü&Ö']],
    ['brand', 'ltd', []],
    ['brand', 'null', []],
    ['brand', '', brands],
  ] as const)('finds by the %s "%s" %j', async (field, text, expected) => {
    const { body } = await call(inventory, `GET /api/v1/items?${field}=${encodeURIComponent(text)}&size=100`);

    expect(new Set(body.items.map((item: Item) => item[field]))).toEqual(new Set(expected));
    expect(body.total).toBe(given.filter((item) => (expected as readonly unknown[]).includes(item[field])).length);
  });
});

describe('a search for items', () => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory('sqlite');
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const whole = (min: number, max: number) => `must be a whole number from ${min} to ${max}`;
  const amount = 'must be a number from 0 to 999999999.99 with at most two decimals';
  const amounts = ['-1', '1.999', '1e2', '.5', '1,5', '01', '1000000000', 'NaN', '1&min_price=2&max_price=2', ''];
  const quantities = ['-1', '1.5', '1000000001', 'x', ''];
  const sorts = ['id', 'name', 'sku', 'price', 'quantity', 'created_at'].map((field) => `${field}, -${field}`);
  const controls = 'must not contain control characters';
  const anId = 'must be an integer, or a text of 1 to 100 visible characters';
  const bad: [field: string, message: string, values: string[]][] = [
    ['page', whole(1, 1_000_000_000), ['0', '-1', '1000000001', '99999999999999999999', 'two', '1&page=2', '']],
    ['size', whole(1, 100), ['0', '101', '1.5', '1e1', '']],
    [
      'sort',
      `must be one of ${sorts.join(', ')}`,
      ['weight', 'price_cents', '--id', 'ID', '%20id', '', 'id&sort=name'],
    ],
    ['is_active', 'must be one of true, false', ['yes', '1', 'TRUE', '', 'true&is_active=true']],
    ['customer_id', anId, ['%201', '1%20', 'a%09', '%E2%80%8B', '', '1&customer_id=2']],
    ['min_price', amount, amounts],
    ['max_price', amount, amounts],
    ['min_quantity', whole(0, 1_000_000_000), quantities],
    ['max_quantity', whole(0, 1_000_000_000), quantities],
    ['name', controls, ['%00', 'a%0Ab']],
    ['name', 'must be 0 to 255 characters long', ['x'.repeat(256)]],
    ['name', 'must be a string', ['a&name=b']],
    ['category', 'must be a string', ['a&category=b']],
    ['brand', controls, ['a%7F']],
  ];
  const each = bad.flatMap(([field, message, values]) => values.map((value) => [field, value, message] as const));
  it.each(each)('is rejected with %s=%s: it %s', async (field, value, message) => {
    const { status, body } = await call(inventory, `GET /api/v1/items?${field}=${value}`);

    expect([status, body.detail, body.errors]).toEqual([400, `${field} ${message}`, [{ field, message }]]);
  });

  it('is rejected with one sentence per invalid value', async () => {
    const { body } = await call(inventory, 'GET /api/v1/items/?page=0&name=a&min_price=x');

    expect(body.detail).toBe(`page ${whole(1, 1_000_000_000)}; min_price ${amount}`);
  });
});
