import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addItem, anItem, postPackage, startTestInventory, type TestInventory } from './start.ts';

/** An id as JSON writes it, and as it is given back. */
const forms: [written: string, kept: unknown][] = [
  ['"3c4f9a52-5a0e-4f3e-9c55-6fd5f2a0a7ce"', '3c4f9a52-5a0e-4f3e-9c55-6fd5f2a0a7ce'],
  ['"shop one:Zoë/李?#%,🎁"', 'shop one:Zoë/李?#%,🎁'],
  ['"00777001"', '00777001'],
  ['"777002"', 777002],
  ['777003.0', 777003],
  ['0', 0],
  ['-777', -777],
  ['9223372036854775808', '9223372036854775808'],
  ['-9007199254740993', '-9007199254740993'],
];

const sentence = 'must be an integer, or a text of 1 to 100 visible characters';

describe.each(databases)('an id of a customer from another system on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const request = (id: string) => `{"customerId": ${id}, "customerName": "Zoë"}`;
  const keyOf = (written: string) => `key-${encodeURIComponent(written)}`;
  const get = async (path: string) => (await call(inventory, `GET ${path}`)).body;

  it.each(forms)('%s has one package, found by it in every shape', async (written, kept) => {
    const { status, body: made } = await postPackage(inventory, request(written), keyOf(written));
    expect([status, made.customerId]).toEqual([201, kept]);

    const asText = request(JSON.stringify(String(kept)));
    for (const again of [request(written), asText]) {
      expect(await postPackage(inventory, again, keyOf(written))).toMatchObject({ status: 200, body: made });
    }
    const group = await call(inventory, 'POST /packages/batch', {
      body: `{"packages": [${request(written)}, ${asText}]}`,
    });
    expect(group.body.results).toEqual([
      { status: 200, package: made },
      { status: 200, package: made },
    ]);
    const older = `{"customer_id": ${written}, "package_type": "welcome_pack_v1"}`;
    expect(await call(inventory, 'POST /package_requests', { body: older })).toMatchObject({
      status: 200,
      body: { id: made.id, customer_id: kept },
    });
    const asked = encodeURIComponent(String(kept));
    expect(await get(`/packages?customerId=${asked}`)).toEqual([made]);
    expect(await get(`/packages/${made.id}`)).toEqual(made);
  });

  it.each(forms)('%s owns items, found by it', async (written, kept) => {
    const body = JSON.stringify(anItem()).replace('{', `{"customer_id": ${written}, `);
    const { status, body: item } = await call(inventory, 'POST /api/v1/items/', { body });
    expect([status, item.customer_id]).toEqual([201, kept]);

    const asked = encodeURIComponent(String(kept));
    expect(await get(`/api/v1/items/customer/${asked}`)).toEqual([item]);
    expect(await get(`/api/v1/items/?customer_id=${asked}`)).toMatchObject({ items: [item], total: 1 });
    const same = await call(inventory, `PUT /api/v1/items/${item.id}`, { body: { customer_id: String(kept) } });
    expect(same.body).toEqual(item);
    const { body: nobodys } = await call(inventory, `PUT /api/v1/items/${item.id}`, { body: { customer_id: null } });
    expect(nobodys.customer_id).toBe(null);
  });

  it('is linked to the next page of its items and packages', async () => {
    const customer_id = 'pages/of, us';
    await addItem(inventory, { customer_id });
    const second = await addItem(inventory, { customer_id });
    const items = await call(inventory, `GET /api/v1/items/customer/${encodeURIComponent(customer_id)}?limit=1`);
    const next = (link: string | null) => /^<(.*)>/.exec(link ?? '')?.[1];
    expect(await get(next(items.headers.get('Link')) ?? '')).toEqual([second]);

    await postPackage(inventory, { customerId: 'page', customerName: 'Zoë' });
    const { body } = await postPackage(inventory, { customerId: 'pages/of', customerName: 'Zoë' });
    const list = await call(inventory, `GET /packages?limit=1&customerId=${encodeURIComponent('page,pages/of')}`);
    expect(await get(next(list.headers.get('Link')) ?? '')).toEqual([body]);
  });

  it('is never mistaken for another one', async () => {
    const ids = [
      '"a b"',
      '"a"',
      '"A"',
      '"é"',
      '"e\\u0301"',
      '"1e3"',
      '1000',
      '"1000.0"',
      '9007199254740992',
      '9007199254740993',
    ];
    const made = [];
    for (const id of ids) made.push((await postPackage(inventory, request(id))).body.id);
    expect(new Set(made).size).toBe(ids.length);
    // "a b" with the type "c", and "a" with the type "b c"
    const pairs = [
      { customerId: 'a b', packageType: 'c' },
      { customerId: 'a', packageType: 'b c' },
    ];
    const body = { packages: pairs.map((pair) => ({ ...pair, customerName: 'Zoë' })) };
    const { results } = (await call(inventory, 'POST /packages/batch', { body })).body;
    expect(results).toMatchObject(pairs.map((pair) => ({ status: 201, package: pair })));
  });

  it.each([
    '" 7"',
    '"7 "',
    '""',
    '"a\\tb"',
    '"a\\u200bc"',
    '"\\u202e7"',
    `"${'x'.repeat(101)}"`,
    '7.5',
    'true',
    '[7]',
    '1e20',
  ])('%s is refused with a sentence', async (written) => {
    const detail = written === '""' ? 'Missing required fields: customerId' : `customerId ${sentence}`;
    expect(await postPackage(inventory, request(written))).toMatchObject({ status: 400, body: { detail } });
    const batch = await call(inventory, 'POST /packages/batch', { body: `{"packages": [${request(written)}]}` });
    expect(batch.body.results).toEqual([{ status: 400, error: detail }]);
    const item = JSON.stringify(anItem()).replace('{', `{"customer_id": ${written}, `);
    expect((await call(inventory, 'POST /api/v1/items/', { body: item })).status).toBe(400);
  });

  it.each(['a%09b', '%E2%80%8B', 'x'.repeat(101)])('%s is refused as a filter', async (asked) => {
    for (const [path, field] of [
      [`/packages?customerId=${asked}`, 'customerId'],
      [`/api/v1/items/?customer_id=${asked}`, 'customer_id'],
      [`/api/v1/items/customer/${asked}`, 'customer_id'],
    ]) {
      const { status, body } = await call(inventory, `GET ${path}`);
      expect([status, body.errors[0].field, body.detail]).toEqual([400, field, expect.stringContaining(sentence)]);
    }
  });

  it('comes back as it was given, whatever it is', async () => {
    await using inventory = await startTestInventory(kind);
    const get = async (path: string) => (await call(inventory, `GET ${path}`)).body;
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    const id = fc.oneof(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.maxSafeInteger(), fc.uuid(), text);
    await fc.assert(
      fc.asyncProperty(id, async (given) => {
        const written = typeof given === 'string' ? JSON.stringify(given) : String(given);
        const { status, body } = await postPackage(inventory, request(written));
        if (status === 400) {
          expect(typeof given).toBe('string');
          return;
        }
        expect(String(body.customerId)).toBe(String(given));
        expect(await get(`/packages?customerId=${encodeURIComponent(String(given))}`)).toContainEqual(body);
        expect((await postPackage(inventory, request(JSON.stringify(String(given))))).body).toEqual(body);
      }),
      { numRuns: 60 },
    );
  });
});
