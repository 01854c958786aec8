import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPackage, postPackage, readPackages, startTestInventory, type TestInventory } from './start.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(databases)('packages on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const post = (body: unknown) => postPackage(inventory, body);
  const packagesOf = (customerId: number) => readPackages(inventory, customerId);

  it('are received, by default of the type welcome_pack_v1', async () => {
    const given = aPackage();

    const { status, headers, body } = await post(given);

    expect(status).toBe(201);
    expect(headers.get('Location')).toBe(`/packages/${body.id}`);
    expect(headers.has('Idempotent-Replayed')).toBe(false);
    expect(body).toStrictEqual({
      id: expect.any(Number),
      ...given,
      packageType: 'welcome_pack_v1',
      status: 'received',
      createdAt: expect.stringMatching(isoTime),
    });
    expect((await call(inventory, `GET /packages/${body.id}`)).body).toStrictEqual(body);
  });

  it('are never created twice, and GET / says so', async () => {
    expect((await call(inventory, 'GET /')).body).toMatchObject({ idempotency: 'permanent' });
  });

  it('are created once: the second request returns the package of the first', async () => {
    const given = aPackage();
    const first = await post(given);

    const second = await post({ ...given, packageType: 'welcome_pack_v1' });
    const renamed = await post({ ...given, customerName: 'Alice Married' });

    for (const { status, headers, body } of [second, renamed]) {
      expect([status, headers.get('Idempotent-Replayed'), headers.has('Location')]).toEqual([200, 'true', false]);
      expect(body).toEqual(first.body);
    }
    expect(await packagesOf(given.customerId)).toEqual([first.body]);
  });

  it('are created once for each type', async () => {
    const given = aPackage();
    const first = await post(given);

    const second = await post({ ...given, packageType: 'birthday' });

    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.packageType).toBe('birthday');
    expect(await packagesOf(given.customerId)).toEqual([first.body, second.body]);
  });

  it('keep the known fields of their request and no others', async () => {
    const given = aPackage({ customerName: '🎁'.repeat(200), packageType: "Ñandú's; -- 李".padEnd(100, 'é') });

    const { body } = await post({ ...given, id: 999_999, status: 'delivered', createdAt: 'never' });

    expect(body).toMatchObject({ ...given, status: 'received', createdAt: expect.stringMatching(isoTime) });
    expect(body.id).not.toBe(999_999);
  });

  it('accept the highest customer id', async () => {
    const { status, body } = await post(aPackage({ customerId: Number.MAX_SAFE_INTEGER }));

    expect([status, body.customerId]).toEqual([201, Number.MAX_SAFE_INTEGER]);
  });

  const anId = 'must be an integer, or a text of 1 to 100 visible characters';
  const badInputs: [what: string, body: unknown, detail: string][] = [
    ['nothing', {}, 'Missing required fields: customerId, customerName'],
    ['no customer', { customerName: 'Alice' }, 'Missing required fields: customerId'],
    ['no name', { customerId: 1 }, 'Missing required fields: customerName'],
    ['null for a customer', aPackage({ customerId: null }), 'Missing required fields: customerId'],
    ['a blank name', aPackage({ customerName: '  ' }), 'Missing required fields: customerName'],
    ['customer 1.5', aPackage({ customerId: 1.5 }), `customerId ${anId}`],
    ['customer " 1"', aPackage({ customerId: ' 1' }), `customerId ${anId}`],
    ['customer true', aPackage({ customerId: true }), `customerId ${anId}`],
    ['customer 1e20', '{"customerId": 1e20, "customerName": "Alice"}', `customerId ${anId}`],
    ['a number for a name', aPackage({ customerName: 5 }), 'customerName must be a string'],
    ['201 letters', aPackage({ customerName: 'n'.repeat(201) }), 'customerName must be 1 to 200 characters long'],
    ['a line break', aPackage({ customerName: 'a\nb' }), 'customerName must not contain control characters'],
    ['a NUL', aPackage({ packageType: 'a\0b' }), 'packageType must not contain control characters'],
    [
      'a type of 101 letters',
      aPackage({ packageType: 't'.repeat(101) }),
      'packageType must be 1 to 100 characters long',
    ],
    ['a number for a type', aPackage({ packageType: 5 }), 'packageType must be a string'],
    ['a list', [aPackage()], 'The request body must be a JSON object'],
    ['truncated JSON', '{"customerId": 1', 'The request body is not valid JSON'],
  ];
  it.each(badInputs)('are rejected with %s', async (_, body, detail) => {
    const answer = await post(body);

    expect(answer.status).toBe(400);
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail,
      error: detail,
    });
  });

  it('are created once by a hundred concurrent requests for one customer', async () => {
    const given = aPackage();

    const answers = await Promise.all(Array.from({ length: 100 }, () => post(given)));

    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(99).fill(200), 201]);
    const stored = await packagesOf(given.customerId);
    expect(stored).toHaveLength(1);
    expect(answers.map(({ body }) => body)).toEqual(Array(100).fill(stored[0]));
  });

  it.each([['999999999'], ['99999999999999999999999']])('are not found under the unknown id %s', async (id) => {
    const { status, body } = await call(inventory, `GET /packages/${id}`);

    expect([status, body.detail]).toEqual([404, 'Package not found']);
  });

  it.each([['0'], ['-1'], ['1.5'], ['abc'], ['01']])('cannot be read under the id %s', async (id) => {
    const { status, body } = await call(inventory, `GET /packages/${id}`);

    expect([status, body.detail]).toEqual([400, 'id must be a positive integer']);
  });
});
