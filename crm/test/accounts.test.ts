import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPassword } from '../src/password.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { aCustomer, openCrmDatabase, readFeed } from './start.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const taken = 'A customer with this email already exists';

describe.each(databases)('accounts on %s', (kind) => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const add = (body: unknown) => crm.admin('POST /v1/customers', { body });
  const read = (id: number) => crm.admin(`GET /v1/customers/${id}`);
  const put = (id: number | string, body: unknown) => crm.admin(`PUT /v1/customers/${id}`, { body });
  const found = async (search: string) => {
    const { body } = await crm.admin(`GET /v1/customers?search=${encodeURIComponent(search)}`);
    return body.items.map(({ id }: { id: number }) => id);
  };
  const storedHash = async (id: number) => {
    await using database = await openCrmDatabase(crm.database);
    const query = database.db.selectFrom('customers').select('password_hash').where('id', '=', id);
    return (await query.executeTakeFirstOrThrow()).password_hash;
  };

  it('are created with a Location, an ETag and a pending package', async () => {
    const given = aCustomer();

    const { status, headers, body } = await add(given);

    expect(status).toBe(201);
    expect(body).toStrictEqual({
      id: expect.any(Number),
      ...given,
      created_at: expect.stringMatching(isoTime),
      integration_status: 'pending',
      integration: { state: 'pending', package_id: null, attempts: 0, error: null, updated_at: body.created_at },
      deleted_at: null,
    });
    const read = await crm.admin(`GET ${headers.get('Location')}`);
    expect(headers.get('Location')).toBe(`/v1/customers/${body.id}`);
    expect(read).toMatchObject({ status: 200, body });
    expect(read.headers.get('ETag')).toBe(headers.get('ETag'));
    expect(headers.get('ETag')).toMatch(/^"[^"]+"$/);
  });

  it('appear in the feed that the middleware reads', async () => {
    const { deleted_at, ...customer } = await crm.addAccount();

    expect(deleted_at).toBeNull();
    expect(await readFeed(crm, customer.id - 1)).toStrictEqual([customer]);
    expect((await call(crm, `GET /customers/${customer.id}`)).body).toStrictEqual(customer);
  });

  it.each([
    ['12 characters', 'twelve chars'],
    ['1000 characters', 'x'.repeat(1000)],
    ['other scripts with surrounding spaces', ' пароль, 密码, contraseña '],
  ])('accept a password of %s, store its hash and show neither', async (_, password) => {
    const { status, body } = await add(aCustomer({ password }));

    const hash = await storedHash(body.id);
    expect(status).toBe(201);
    expect(await verifyPassword(password, hash ?? undefined)).toBe(true);
    expect(hash).toMatch(/^\$argon2id\$/);
    for (const shown of [body, (await read(body.id)).body, await readFeed(crm, body.id - 1)]) {
      expect(JSON.stringify(shown)).not.toMatch(/password|argon2|hash/);
    }
  });

  it('have no password unless one is sent', async () => {
    const { id } = await crm.addAccount();

    expect(await storedHash(id)).toBeNull();
  });

  const badInputs: [what: string, body: unknown, detail: string][] = [
    [
      'a password of 11 characters',
      aCustomer({ password: 'eleven char' }),
      'password must be at least 12 characters long',
    ],
    [
      'a password of 1001 characters',
      aCustomer({ password: 'x'.repeat(1001) }),
      'password must be at most 1000 characters long',
    ],
    ['a number for a password', aCustomer({ password: 123456789012 }), 'password must be a string'],
    ['null for a password', aCustomer({ password: null }), 'password must be a string'],
    ['no email', { name: 'Alice', password: 'twelve chars' }, 'Missing required fields: email'],
    ['nothing', {}, 'Missing required fields: name, email'],
    ['a bare host', aCustomer({ email: 'alice@localhost' }), 'email must be a valid email address'],
  ];
  it.each(badInputs)('are rejected with %s', async (_, body, detail) => {
    expect(await add(body)).toMatchObject({ status: 400, body: { title: 'Bad Request', detail, error: detail } });
  });

  it('are rejected if the email is taken, whichever route added either customer', async () => {
    const email = `Zoë.${randomUUID()}@Example.com`;
    const { id: existing_id } = await crm.addAccount({ email });

    const other = email.toUpperCase().normalize('NFD');
    const answers = [
      await add(aCustomer({ email: other })),
      await call(crm, 'POST /customers', { body: { name: 'Z', email: other } }),
    ];

    const body = { title: 'Conflict', detail: taken, error: taken, existing_id };
    for (const answer of answers) expect(answer).toMatchObject({ status: 409, body });
  });

  it.each([
    ['the name', { name: 'Alice Example-Smith' }],
    ['the email', { email: `smith-${randomUUID()}@example.com` }],
    ['both, with surrounding blanks', { name: ' Bob ', email: ` bob-${randomUUID()}@example.com\n` }],
  ])('change %s and nothing else', async (_, change: { name?: string; email?: string }) => {
    const before = await crm.addAccount();

    const { status, headers, body } = await put(before.id, { ...change, id: 1, deleted_at: '2020-01-01', vip: true });

    const trimmed = Object.fromEntries(Object.entries(change).map(([field, text]) => [field, text.trim()]));
    expect(status).toBe(200);
    expect(body).toStrictEqual({ ...before, ...trimmed });
    expect(headers.get('ETag')).not.toBe('"1"');
    const after = await read(before.id);
    expect(after).toMatchObject({ status: 200, body });
    expect(after.headers.get('ETag')).toBe(headers.get('ETag'));
    expect(await readFeed(crm, before.id - 1)).toMatchObject([trimmed]);
  });

  it('change the password and nothing else', async () => {
    const before = await crm.addAccount({ password: 'the first password' });

    const { status, headers, body } = await put(before.id, { password: 'the second password' });

    const hash = (await storedHash(before.id)) ?? undefined;
    expect([status, body]).toStrictEqual([200, before]);
    expect(headers.get('ETag')).not.toBe('"1"');
    expect(await verifyPassword('the second password', hash)).toBe(true);
    expect(await verifyPassword('the first password', hash)).toBe(false);
  });

  it('keep ETag and password when a PUT changes nothing', async () => {
    const before = await crm.addAccount({ password: 'the first password' });
    const hash = await storedHash(before.id);

    for (const body of [{}, { name: before.name }, { name: before.name, email: before.email }, { vip: true }]) {
      const answer = await put(before.id, body);
      expect([answer.status, answer.body, answer.headers.get('ETag')]).toStrictEqual([200, before, '"1"']);
    }
    expect(await storedHash(before.id)).toBe(hash);
  });

  const badChanges: [what: string, body: unknown, detail: string][] = [
    ['an empty name', { name: ' ' }, 'name must be 1 to 200 characters long'],
    ['null for a name', { name: null }, 'name must be a string'],
    ['null for an email', { email: null }, 'email must be a string'],
    ['no @', { name: 'Bob', email: 'bob' }, 'email must be a valid email address'],
    ['a password of 11 characters', { password: 'eleven char' }, 'password must be at least 12 characters long'],
    ['null for a password', { password: null }, 'password must be a string'],
    ['a list', [], 'The request body must be a JSON object'],
  ];
  it.each(badChanges)('do not change with %s', async (_, change, detail) => {
    const before = await crm.addAccount();

    const answer = await put(before.id, change);

    expect(answer).toMatchObject({ status: 400, body: { detail, error: detail } });
    expect((await read(before.id)).body).toStrictEqual(before);
  });

  it('can change the case of their own email', async () => {
    const { id, email } = await crm.addAccount();

    const { status, body } = await put(id, { email: email.toUpperCase() });

    expect([status, body.email]).toEqual([200, email.toUpperCase()]);
    expect(await add(aCustomer({ email }))).toMatchObject({ status: 409, body: { existing_id: id } });
  });

  it('do not change at all if the new email is taken', async () => {
    const { id: existing_id, email } = await crm.addAccount();
    const before = await crm.addAccount();

    const answer = await put(before.id, { name: 'Mallory', email: email.toUpperCase() });

    expect(answer).toMatchObject({ status: 409, body: { detail: taken, error: taken, existing_id } });
    expect((await read(before.id)).body).toStrictEqual(before);
  });

  it('free their former email for others', async () => {
    const { id, email } = await crm.addAccount();
    await put(id, { email: `new-${email}` });

    expect(await add(aCustomer({ email }))).toMatchObject({ status: 201, body: { email } });
    expect(await put(id, { email })).toMatchObject({ status: 409 });
  });

  it('are found by the new name and not by the old one', async () => {
    const [before, after] = [randomUUID(), randomUUID()];
    const { id } = await crm.addAccount({ name: `Ä ${before}` });

    await put(id, { name: `Ö ${after}` });

    expect(await found(`ä ${before}`)).toEqual([]);
    expect(await found(`ö ${after}`)).toEqual([id]);
  });

  it('are found by the start of a name in capitals, even if it ends in a final sigma', async () => {
    const { id } = await crm.addAccount({ name: 'ΟΔΥΣΣΕΥΣ' });

    for (const search of ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς', 'ΟΔΥΣ']) expect(await found(search)).toEqual([id]);
  });

  it('never share an email when many take it at once', async () => {
    const email = `wanted-${randomUUID()}@example.com`;
    const accounts = await Promise.all(Array.from({ length: 10 }, () => crm.addAccount()));

    const answers = await Promise.all([
      ...accounts.map(({ id }) => put(id, { email })),
      ...accounts.map(() => add(aCustomer({ email }))),
    ]);

    const [winner, ...others] = answers.filter(({ status }) => status < 300);
    expect(others).toEqual([]);
    const losers = answers.filter(({ status }) => status === 409);
    expect(losers.map(({ body }) => body.existing_id)).toEqual(Array(19).fill(winner?.body.id));
  });

  it.each(['GET', 'PUT'])('that do not exist answer 404 to %s', async (method) => {
    for (const id of ['999999999', '9007199254740993', '99999999999999999999999']) {
      const answer = await crm.admin(
        `${method} /v1/customers/${id}`,
        method === 'PUT' ? { body: { name: 'Bob' } } : {},
      );
      expect(answer).toMatchObject({ status: 404, body: { detail: 'Customer not found' } });
    }
    const wrong = await crm.admin(`${method} /v1/customers/0`, method === 'PUT' ? { body: {} } : {});
    expect(wrong).toMatchObject({ status: 400, body: { detail: 'id must be a positive integer' } });
  });
});
