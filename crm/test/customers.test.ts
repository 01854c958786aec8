import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCustomer, addCustomer, readFeed, startTestCrm, type TestCrm } from './start.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(databases)('customers on %s', (kind) => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const post = (body: unknown) => call(crm, 'POST /customers', { body });

  it('are created with a pending package', async () => {
    const given = aCustomer();

    const { status, headers, body } = await post(given);

    expect(status).toBe(201);
    expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    expect(headers.get('Location')).toBe(`/customers/${body.id}`);
    expect(body).toStrictEqual({
      id: expect.any(Number),
      ...given,
      created_at: expect.stringMatching(isoTime),
      integration_status: 'pending',
      integration: { state: 'pending', package_id: null, attempts: 0, error: null, updated_at: body.created_at },
    });
    expect((await call(crm, `GET /customers/${body.id}`)).body).toStrictEqual(body);
  });

  it('have name and email trimmed', async () => {
    const { name, email } = aCustomer();

    const added = await addCustomer(crm, { name: ` \t${name}\u00a0\n`, email: `\n ${email} ` });

    expect(added).toMatchObject({ name, email });
  });

  it('ignore unknown fields', async () => {
    const added = await addCustomer(crm, { id: 999_999, integration: { state: 'delivered' }, vip: true });

    expect(added).toMatchObject({ integration: { state: 'pending' } });
    expect(added.id).not.toBe(999_999);
    expect(added).not.toHaveProperty('vip');
  });

  it.each([
    ['one character', 'A'],
    ['200 characters', 'n'.repeat(200)],
    ['200 accented letters', 'é'.repeat(200)],
    ['200 emoji, each two UTF-16 units', '🎁'.repeat(200)],
    ['joined emoji', '👩‍👩‍👧‍👦 family'],
    ['several scripts', "Zoë O'Brien-Ñandú 李小龍 عائشة Øyvind"],
    ['an accent of its own', 'Cafe\u0301'],
    ['text that SQL, HTML or a shell would interpret', `Robert'); drop table customers; -- <b>%s</b> \\ "$1"`],
  ])('keep a name of %s unchanged', async (_, name) => {
    const { id } = await addCustomer(crm, { name });

    expect((await call(crm, `GET /customers/${id}`)).body.name).toBe(name);
  });

  it.each([
    ['254 characters', emailOfLength(254)],
    ['64 characters before the @', `${randomUUID()}${'a'.repeat(28)}@example.com`],
    ['an apostrophe and a tag', `o'brien+${randomUUID()}@mail.example.co.uk`],
    ['letters of another script', `zoë-${randomUUID()}@exämple.中国`],
  ])('keep an email of %s unchanged', async (_, email) => {
    const { id } = await addCustomer(crm, { email });

    expect((await call(crm, `GET /customers/${id}`)).body.email).toBe(email);
  });

  const badInputs: [what: string, body: unknown, detail: string][] = [
    ['nothing', {}, 'Missing required fields: name, email'],
    ['null', null, 'The request body must be a JSON object'],
    ['no name', { email: 'a@example.com' }, 'Missing required fields: name'],
    ['no email', { name: 'Alice' }, 'Missing required fields: email'],
    ['an empty name', aCustomer({ name: '' }), 'Missing required fields: name'],
    ['a blank name', aCustomer({ name: ' \t ' }), 'Missing required fields: name'],
    ['null for an email', aCustomer({ email: null }), 'Missing required fields: email'],
    ['a number for a name', aCustomer({ name: 5 }), 'name must be a string'],
    ['a list for a name', aCustomer({ name: ['Alice'] }), 'name must be a string'],
    ['201 letters', aCustomer({ name: 'n'.repeat(201) }), 'name must be 1 to 200 characters long'],
    ['201 emoji', aCustomer({ name: '🎁'.repeat(201) }), 'name must be 1 to 200 characters long'],
    ['a line break', aCustomer({ name: 'Alice\nBob' }), 'name must not contain control characters'],
    ['a NUL', aCustomer({ name: 'Alice\0' }), 'name must not contain control characters'],
    ['half an emoji', aCustomer({ name: 'Alice \ud83c' }), 'name must not contain control characters'],
    ['a number for an email', aCustomer({ email: 5 }), 'email must be a string'],
    ['no @', aCustomer({ email: 'alice' }), 'email must be a valid email address'],
    ['no domain', aCustomer({ email: 'alice@' }), 'email must be a valid email address'],
    ['nothing before the @', aCustomer({ email: '@example.com' }), 'email must be a valid email address'],
    ['a bare host', aCustomer({ email: 'alice@localhost' }), 'email must be a valid email address'],
    ['a space', aCustomer({ email: 'al ice@example.com' }), 'email must be a valid email address'],
    ['two emails', aCustomer({ email: 'a@example.com,b@example.com' }), 'email must be a valid email address'],
    [
      '65 characters before the @',
      aCustomer({ email: `${'a'.repeat(65)}@example.com` }),
      'email must be a valid email address',
    ],
    ['two dots', aCustomer({ email: 'alice..b@example.com' }), 'email must be a valid email address'],
    ['a dot at the end', aCustomer({ email: 'alice@example.com.' }), 'email must be a valid email address'],
    ['a NUL in an email', aCustomer({ email: 'a\0@example.com' }), 'email must be a valid email address'],
    ['255 characters', aCustomer({ email: emailOfLength(255) }), 'email must be at most 254 characters long'],
    ['two faults', { name: 5, email: 'alice' }, 'name must be a string; email must be a valid email address'],
    ['one missing and one invalid field', { name: 5 }, 'Missing required fields: email; name must be a string'],
    ['a list', [aCustomer()], 'The request body must be a JSON object'],
    ['a text', '"Alice"', 'The request body must be a JSON object'],
    ['half a JSON', '{"name": "Alice', 'The request body is not valid JSON'],
  ];
  it.each(badInputs)('are rejected with %s', async (_, body, detail) => {
    const answer = await post(body);

    expect(answer.status).toBe(400);
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    const title = 'Bad Request';
    expect(answer.body).toMatchObject({ type: 'about:blank', title, status: 400, detail, error: detail });
  });

  it('are rejected with one entry for each invalid field', async () => {
    const { body } = await post({ name: 5 });

    expect(body.errors).toStrictEqual([
      { field: 'email', message: 'is required' },
      { field: 'name', message: 'must be a string' },
    ]);
  });

  it('are rejected in a body of more than 100 kB', async () => {
    expect(await post(aCustomer({ name: 'n'.repeat(101 * 1024) }))).toMatchObject({ status: 413 });
  });

  it('are rejected if the email is taken, whatever its case and the encoding of its accents', async () => {
    const email = `Zoë.${randomUUID()}@Example.com`;
    const first = await addCustomer(crm, { email });

    const answers = await Promise.all(
      [email, email.toLowerCase(), email.toUpperCase(), email.normalize('NFD')].map((other) =>
        post(aCustomer({ email: other })),
      ),
    );

    const detail = 'A customer with this email already exists';
    for (const { status, body } of answers) {
      expect(status).toBe(409);
      expect(body).toMatchObject({ title: 'Conflict', status: 409, detail, error: detail, existing_id: first.id });
    }
    expect(first.email).toBe(email);
    expect(await readFeed(crm, first.id)).toEqual([]);
  });

  it('are all created when a hundred arrive at once', async () => {
    const { id: before } = await addCustomer(crm);
    const given = Array.from({ length: 100 }, (_, index) => aCustomer({ name: `Customer ${index}` }));

    const answers = await Promise.all(given.map(post));

    expect(answers.map(({ status }) => status)).toEqual(given.map(() => 201));
    const byId = answers.map(({ body }) => body).sort((a, b) => a.id - b.id);
    expect(new Set(byId.map(({ id }) => id)).size).toBe(100);
    expect(byId[0].id).toBeGreaterThan(before);
    expect(await readFeed(crm, before)).toEqual(byId);
    expect(answers.map(({ body }) => body)).toMatchObject(given);
  });

  it('are created once when a hundred with one email arrive at once', async () => {
    const { id: before } = await addCustomer(crm);
    const given = aCustomer();

    const answers = await Promise.all(Array.from({ length: 100 }, () => post(given)));

    const [added, ...others] = answers.filter(({ status }) => status === 201);
    expect(others).toEqual([]);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused.map(({ body }) => body.existing_id)).toEqual(Array(99).fill(added?.body.id));
    expect(await readFeed(crm, before)).toEqual([added?.body]);
  });

  it.each([['999999999'], ['9007199254740993'], ['99999999999999999999999']])(
    'are not found under the unknown id %s',
    async (id) => {
      const { status, body } = await call(crm, `GET /customers/${id}`);

      expect(status).toBe(404);
      expect(body).toMatchObject({ title: 'Not Found', detail: 'Customer not found', error: 'Customer not found' });
    },
  );

  it.each([['0'], ['-1'], ['1.5'], ['abc'], ['01'], ['1e3'], ['+1'], ['%00'], ['1%20']])(
    'cannot be read with the id %s',
    async (id) => {
      const { status, body } = await call(crm, `GET /customers/${id}`);

      expect(status).toBe(400);
      expect(body).toMatchObject({
        detail: 'id must be a positive integer',
        errors: [{ field: 'id', message: 'must be a positive integer' }],
      });
    },
  );
});

function emailOfLength(length: number): string {
  const start = `alice-${randomUUID()}@${`${'d'.repeat(63)}.`.repeat(3)}`;
  const end = '.com';
  return `${start}${'d'.repeat(length - start.length - end.length)}${end}`;
}
