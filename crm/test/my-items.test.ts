import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askAs, type CrmWithItems, itemsKey, startCrmWithItems } from './a-crm-with-items.ts';
import { addCustomer } from './start.ts';

type Item = { id: number; name: string };

describe('my items', () => {
  let crm: CrmWithItems;
  beforeAll(async () => {
    crm = await startCrmWithItems();
  });
  afterAll(() => crm[Symbol.asyncDispose]());
  beforeEach(() => crm.recover());

  const names = async (rest: string) => {
    const { status, body } = await crm.ask(rest);
    expect(status).toBe(200);
    return body.items.map(({ name }: Item) => name);
  };

  it('are the items of the calling customer, with every field of the Inventory except the cost', async () => {
    const { status, body } = await crm.ask();

    const mine = { customer_id: crm.alice.id, price: 9.9 };
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      items: [
        { ...mine, id: 1, name: 'Tea cup', category: 'Tea', brand: 'Ü&Ö' },
        { ...mine, id: 2, name: 'Tea pot', category: 'Tea', brand: null },
        { ...mine, id: 3, name: 'Spoon', category: 'Cutlery', brand: 'Ü&Ö' },
      ],
      total: 3,
      customer_id: crm.alice.id,
    });
    expect((await askAs(crm, crm.bob)).body).toMatchObject({
      items: [{ id: 4 }, { id: 5 }, { id: 6 }],
      customer_id: crm.bob.id,
    });
  });

  it('are empty for a customer without items', async () => {
    const carol = await addCustomer(crm);

    expect((await askAs(crm, carol)).body).toStrictEqual({ items: [], total: 0, customer_id: carol.id });
  });

  it('may be a hundred items that are as long as they can be', async () => {
    const dora = await addCustomer(crm);
    const longest = { name: '🎁'.repeat(255), description: '\u0001'.repeat(10_000), customer_id: dora.id };
    for (let count = 0; count < 100; count += 1) crm.inventory.add(longest);

    const search = `/search/?name=${encodeURIComponent(longest.name)}`;

    // the answer has a second, which is too little on a machine that does much else
    await eventually(async () => {
      crm.advance(5_000);
      const { status, body } = await askAs(crm, dora, search);
      expect([status, body.items?.length, body.total]).toEqual([200, 100, 100]);
    });
  });

  it('are paged', async () => {
    for (const rest of ['', '/search', '/search/']) {
      const { body } = await crm.ask(`${rest}?page=2&size=2`);
      expect(body).toMatchObject({ items: [{ name: 'Spoon' }], total: 3 });
    }
  });

  it.each([
    ['name=Tea', ['Tea cup', 'Tea pot']],
    ['category=Cutlery', ['Spoon']],
    [`brand=${encodeURIComponent('Ü&Ö')}`, ['Tea cup', 'Spoon']],
    [`name=Tea&category=Tea&brand=${encodeURIComponent('Ü&Ö')}`, ['Tea cup']],
    ['name=nothing', []],
    ['', ['Tea cup', 'Tea pot', 'Spoon']],
  ])('are searched by ?%s, with the closing slash and without', async (query, expected) => {
    expect(await names(`/search/?${query}`)).toEqual(expected);
    expect(await names(`/search?${query}`)).toEqual(expected);
  });

  it('stay those of the calling customer, whatever the query says', async () => {
    for (const rest of ['', '/search/']) {
      const { body } = await crm.ask(`${rest}?customer_id=${crm.bob.id}&role=admin`);
      expect(body).toMatchObject({ items: [{ id: 1 }, { id: 2 }, { id: 3 }], customer_id: crm.alice.id });
    }
  });

  it('can be read one by one', async () => {
    const { status, body } = await crm.ask('/2');

    const expected = { id: 2, customer_id: crm.alice.id, name: 'Tea pot', category: 'Tea', brand: null, price: 9.9 };
    expect([status, body]).toStrictEqual([200, expected]);
  });

  it.each([
    ['another customer', '/4'],
    ['no customer', '/7'],
  ])('do not include an item of %s', async (_, rest) => {
    const { status, body } = await crm.ask(rest);

    expect([status, body.title, body.detail]).toEqual([403, 'Forbidden', 'This item is not yours']);
    expect(JSON.stringify(body)).not.toMatch(/Tea/);
  });

  it('of an Inventory with other ids are shown with them, digit by digit', async () => {
    const carol = await addCustomer(crm);
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    const [id, serial] = ['7615917337495251231', rawJSON('18446744073709551615')];
    const added = crm.inventory.add({ id, serial, customer_id: String(carol.id) });
    crm.inventory.add({ id: '7615917337495251232', customer_id: rawJSON('9007199254740993') });
    crm.inventory.add({ id: '7615917337495251233', customer_id: 'c-7' });

    const { cost, ...shown } = { ...added, serial: '18446744073709551615' };
    expect((await askAs(crm, carol)).body.items).toEqual([shown]);
    expect((await askAs(crm, carol, `/${id}`)).body).toEqual(shown);
    for (const other of ['7615917337495251232', '7615917337495251233']) {
      expect((await askAs(crm, carol, `/${other}`)).status).toBe(403);
    }
  });

  it.each(['/999999999', '/9007199254740993', '/99999999999999999999999'])('are not found under %s', async (rest) => {
    expect(await crm.ask(rest)).toMatchObject({ status: 404, body: { detail: 'Item not found' } });
  });

  it('that are not found, however often, do not open the breaker', async () => {
    for (let time = 0; time < 10; time += 1) await crm.ask('/999999999');

    expect((await crm.ask()).status).toBe(200);
  });

  it.each([
    ['/0', 'id must be a positive integer'],
    ['/abc', 'id must be a positive integer'],
    ['/1%2f..%2f4', 'id must be a positive integer'],
    ['?page=0', 'page must be a whole number from 1 to 1000000000'],
    ['?size=101', 'size must be a whole number from 1 to 100'],
    ['/search/?name=%00', 'name must not contain control characters'],
    ['/search?category=a&category=b', 'category must be a string'],
  ])('are rejected for %s without a call to the Inventory', async (rest, detail) => {
    expect(await crm.ask(rest)).toMatchObject({ status: 400, body: { detail, error: detail } });
    expect(crm.inventory.takeRequests()).toEqual([]);
  });

  it('are requested with the service token of the CRM and the id of the request', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    for (const rest of ['', '/1', '/search/?name=Tea']) {
      const { headers } = await crm.ask(rest, { 'X-Request-Id': 'req-7', traceparent });

      const [request, ...others] = crm.inventory.takeRequests();
      expect([others, headers.get('X-Request-Id')]).toEqual([[], 'req-7']);
      expect(request?.headers).toMatchObject({ 'x-request-id': 'req-7', traceparent });
      const token = /^Bearer (\S+)$/.exec(request?.headers.authorization ?? '')?.[1] ?? '';
      const claims = await createTokens(itemsKey.JWT_SECRET_KEY).verify(token);
      expect(claims).toMatchObject({ subject: 'crm', role: 'service' });
    }
  });

  it('are requested with a request id from the CRM if the client sends none', async () => {
    const { headers } = await crm.ask();

    const [request] = crm.inventory.takeRequests();
    expect(request?.headers['x-request-id']).toBe(headers.get('X-Request-Id'));
    expect(request?.headers).not.toHaveProperty('traceparent');
  });

  it('are never those of another customer, even if the Inventory ignores the filter', async () => {
    crm.inventory.ignoreCustomers();

    for (const rest of ['', '/search/?name=Tea']) {
      const { status, headers, body } = await crm.ask(rest);
      expect([status, headers.has('Retry-After')]).toEqual([503, true]);
      expect(JSON.stringify(body)).not.toMatch(/Tea|Spoon/);
    }
  });
});
