import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addItem, anItem, readItem, readMovements, startTestInventory, type TestInventory } from './start.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A value for every field that is not its default. */
const everyField = {
  name: 'Ñandú’s mug; -- 李🎁',
  description: '  Stoneware,\n\t0.3 l "\\" \u2028 é🎁 ',
  price: 12.34,
  cost: 4.2,
  quantity: 40,
  min_quantity: 10,
  max_quantity: 100,
  is_active: false,
  category: 'Küche & Bad',
  brand: '007',
  weight: 0.35,
  dimensions: '8 × 8 × 10 cm',
  customer_id: Number.MAX_SAFE_INTEGER,
};
/** Letters from this code point on. */
const lettersFrom = (start: number, count: number) =>
  Array.from({ length: count }, (_, index) => String.fromCodePoint(start + index));
/** What PostgreSQL could not put into an index if it were much longer: rare letters, and some that folding makes longer. */
const longNames: [what: string, letters: string[]][] = [
  ['four bytes', lettersFrom(0x20000, 40_000)],
  ['notes that become three letters', lettersFrom(0x1d15e, 7)],
  ['squared words', lettersFrom(0x3300, 88)],
  ['a ligature of eighteen letters', ['\ufdfa']],
];
const nullable = ['description', 'cost', 'max_quantity', 'category', 'brand', 'weight', 'dimensions', 'customer_id'];
const asNull = Object.fromEntries(nullable.map((field) => [field, null]));

describe.each(databases)('items on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const put = (id: number, body?: unknown) => call(inventory, `PUT /api/v1/items/${id}`, { body });

  it('are active, without owner, stock and limits by default', async () => {
    const given = { name: 'Mug', sku: 'defaults', price: 12.5 };

    const { status, headers, body } = await call(inventory, 'POST /api/v1/items/', { body: given });

    expect([status, headers.get('Location')]).toEqual([201, `/api/v1/items/${body.id}`]);
    const rest = { ...asNull, quantity: 0, min_quantity: 0, is_active: true };
    const times = { created_at: expect.stringMatching(isoTime), updated_at: body.created_at };
    expect(body).toStrictEqual({ id: expect.any(Number), ...given, ...rest, ...times });
    expect(await readItem(inventory, body.id)).toStrictEqual(body);
    expect(await readMovements(inventory, body.id)).toEqual([]);
  });

  it.each(['/api/v1/items', '/api/v1/items/'])('keep every known field of POST %s and no other', async (path) => {
    const given = anItem(everyField);
    const asked = { ...given, id: 999_999, created_at: 'never', updated_at: 'never', version: 7, price_cents: 1 };

    const { status, headers, body } = await call(inventory, `POST ${path}`, { body: asked });

    const times = { created_at: expect.stringMatching(isoTime), updated_at: body.created_at };
    expect(status).toBe(201);
    expect(body).toStrictEqual({ id: expect.any(Number), ...given, ...times });
    expect(body.id).not.toBe(999_999);
    for (const at of ['', '/']) {
      const read = await call(inventory, `GET /api/v1/items/${body.id}${at}`);
      expect([read.body, read.headers.get('ETag')]).toStrictEqual([body, headers.get('ETag')]);
    }
  });

  it('accept names in any script up to the maximum length, and trim them', async () => {
    const texts = { name: '🎁'.repeat(255), brand: 'ﷺ'.repeat(100), category: 'İ'.repeat(100), dimensions: 'e\u0301' };
    const more = { description: `${'🎁'.repeat(9999)}\n`, sku: '李'.repeat(100) };

    expect(await addItem(inventory, { ...texts, ...more })).toMatchObject({ ...texts, ...more });
    expect(await addItem(inventory, { name: '  a  b ', brand: '\tc\n' })).toMatchObject({ name: 'a  b', brand: 'c' });
  });

  it.each(longNames)('accept a name of 255 characters of %s, and find it', async (_what, letters) => {
    const name = Array.from({ length: 255 }, (_, index) => letters[(index * index) % letters.length]).join('');
    const { id } = await addItem(inventory, { name });

    const { status, body } = await call(inventory, `GET /api/v1/items?name=${encodeURIComponent(name)}`);

    expect([status, body.items.map((item: { id: number }) => item.id)]).toEqual([200, [id]]);
    expect((await call(inventory, 'GET /api/v1/items?sort=-name')).status).toBe(200);
  });

  it('keep prices and costs exact to the cent', async () => {
    const amounts = [0.01, 0.07, 0.29, 0.3, 0.57, 1.1, 1.15, 4.35, 8.2, 19.99, 1234567.89, 90071992.55, 999_999_999.99];

    const added = await Promise.all(amounts.map((price) => addItem(inventory, { price, cost: price })));
    const changed = await Promise.all(
      added.map(({ id }, index) => put(id, { price: amounts.at(-1 - index), cost: 0 })),
    );

    expect(added.map(({ price, cost }) => [price, cost])).toEqual(amounts.map((amount) => [amount, amount]));
    expect(changed.map(({ body }) => [body.price, body.cost])).toEqual(amounts.toReversed().map((price) => [price, 0]));
    const read = await Promise.all(added.map(({ id }) => readItem(inventory, id)));
    expect(read).toEqual(changed.map(({ body }) => body));
  });

  it('keep weights exactly', async () => {
    for (const weight of [0, 5e-324, 0.1 + 0.2, 999_999.999_999_999_9, 1_000_000]) {
      const { id } = await addItem(inventory, { weight });
      expect((await readItem(inventory, id)).weight).toBe(weight);
    }
  });

  it.each(Object.entries({ ...everyField, sku: 'a new one' }))('can change %s alone', async (field, value) => {
    const { updated_at, ...before } = await addItem(inventory);

    const { status, body } = await put(before.id, { [field]: value });

    expect(status).toBe(200);
    expect(body).toStrictEqual({ ...before, [field]: value, updated_at: expect.stringMatching(isoTime) });
    expect(await readItem(inventory, before.id)).toStrictEqual(body);
  });

  it('can change every field at once, and clear every optional field', async () => {
    const { id, sku, created_at } = await addItem(inventory);

    const { body: filled } = await call(inventory, `PUT /api/v1/items/${id}/`, {
      body: { ...everyField, id: 999_999 },
    });
    const { body: emptied } = await put(id, asNull);

    expect(filled).toStrictEqual({ id, sku, ...everyField, created_at, updated_at: filled.updated_at });
    expect(emptied).toStrictEqual({ ...filled, ...asNull, updated_at: emptied.updated_at });
    expect(await readItem(inventory, id)).toStrictEqual(emptied);
  });

  it('show the time of their last change', async () => {
    const { id, created_at, updated_at } = await addItem(inventory, { price: 1 });

    await eventually(async () => {
      const { price } = await readItem(inventory, id);
      const { body } = await put(id, { price: price + 1 });
      expect(body.updated_at > updated_at).toBe(true);
      expect(body.created_at).toBe(created_at);
    });
  });

  it('get a movement only for a change of their stock', async () => {
    const { id } = await addItem(inventory, { quantity: 10 });

    await put(id, { quantity: 7, price: 3 });
    await put(id, { quantity: 7, price: 4 });
    await put(id, { min_quantity: 8, name: 'Cup' });
    await put(id, { quantity: 0 });

    const moved = (await readMovements(inventory, id)).map(({ change, before, after, reason }) => [
      change,
      before,
      after,
      reason,
    ]);
    expect(moved).toEqual([
      [10, 0, 10, 'created'],
      [-3, 10, 7, 'adjusted'],
      [-7, 7, 0, 'adjusted'],
    ]);
  });

  it('are found by their current name', async () => {
    const { id } = await addItem(inventory, { name: 'Oldname', category: 'Oldcat', brand: 'Oldbrand' });
    const totalOf = async (query: string) => (await call(inventory, `GET /api/v1/items?${query}`)).body.total;

    await put(id, { name: 'Neuer NÄME', category: 'NEUE ÄRT', brand: 'NEUE MÄRKE' });

    for (const query of ['name=oldname', 'category=oldcat', 'brand=oldbrand']) expect(await totalOf(query)).toBe(0);
    for (const query of ['name=näme', 'category=neue ärt', 'brand=neue märke'])
      expect(await totalOf(encodeURI(query))).toBe(1);
    await put(id, { category: null });
    expect(await totalOf(encodeURI('category=neue ärt'))).toBe(0);
  });

  it('lose no change when every field is changed concurrently', async () => {
    const { id, sku } = await addItem(inventory);

    const changes = Object.entries(everyField).map(([field, value]) => put(id, { [field]: value }));
    const answers = await Promise.all(changes);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await readItem(inventory, id)).toMatchObject({ sku, ...everyField });
  });
});
