import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCrm, type TestCrm } from './start.ts';

type Lead = { id: number; email: string; name: string | null; status: string; created_at: string };

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const email = 'bob@example.com';
const notFound = { status: 404, body: { title: 'Not Found', detail: 'Lead not found', error: 'Lead not found' } };

describe.each(databases)('leads on %s', (kind) => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const post = (body: unknown) => call(crm, 'POST /leads', { body });
  const add = async (overrides = {}): Promise<Lead> => (await post({ email, ...overrides })).body;
  const put = (id: number | string, body: unknown) => call(crm, `PUT /leads/${id}`, { body });
  const read = (id: number | string) => call(crm, `GET /leads/${id}`);
  const remove = (id: number | string) => call(crm, `DELETE /leads/${id}`);

  it('are created with only an email, as new', async () => {
    const { status, headers, body } = await post({ email });

    expect(status).toBe(201);
    expect(body).toStrictEqual({ id: expect.any(Number), email, name: null, status: 'new', created_at: isoTime });
    expect(headers.get('Location')).toBe(`/leads/${body.id}`);
    expect(await read(body.id)).toMatchObject({ status: 200, body });
  });

  it('are created with every field, and unknown fields are ignored', async () => {
    const { status, body } = await post({
      id: 999_999,
      email: ' zoë@exämple.中国 ',
      name: ' Zoë 🎁 ',
      status: ' on hold ',
      created_at: '2020-01-01T00:00:00.000Z',
      vip: true,
    });

    const given = { email: 'zoë@exämple.中国', name: 'Zoë 🎁', status: 'on hold' };
    expect([status, body]).toStrictEqual([201, { id: expect.any(Number), ...given, created_at: isoTime }]);
    expect(body.id).not.toBe(999_999);
    expect(body.created_at).not.toMatch(/^2020/);
    expect((await read(body.id)).body).toStrictEqual(body);
  });

  it('may share an email', async () => {
    const [first, second] = [await post({ email }), await post({ email })];

    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).toBeGreaterThan(first.body.id);
  });

  it('may have no name, sent as null or omitted', async () => {
    expect(await post({ email, name: null })).toMatchObject({ status: 201, body: { name: null } });
  });

  const badInputs: [what: string, body: unknown, detail: string][] = [
    ['nothing', {}, 'Missing required fields: email'],
    ['no email', { name: 'Bob' }, 'Missing required fields: email'],
    ['null for an email', { email: null }, 'Missing required fields: email'],
    ['a blank email', { email: '  ' }, 'Missing required fields: email'],
    ['no @', { email: 'bob' }, 'email must be a valid email address'],
    ['a number for an email', { email: 5 }, 'email must be a string'],
    ['an empty name', { email, name: '' }, 'name must be 1 to 200 characters long'],
    ['201 letters', { email, name: 'é'.repeat(201) }, 'name must be 1 to 200 characters long'],
    ['a NUL', { email, name: 'Bob\0' }, 'name must not contain control characters'],
    ['null for a status', { email, status: null }, 'status must be a string'],
    ['an empty status', { email, status: '' }, 'status must be 1 to 50 characters long'],
    ['a status of 51 letters', { email, status: 's'.repeat(51) }, 'status must be 1 to 50 characters long'],
    ['a list', [{ email }], 'The request body must be a JSON object'],
    ['half a JSON', '{"email": "bob', 'The request body is not valid JSON'],
  ];
  it.each(badInputs)('are rejected with %s', async (_, body, detail) => {
    const answer = await post(body);

    expect(answer).toMatchObject({ status: 400, body: { title: 'Bad Request', detail, error: detail } });
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  });

  it.each([
    [{ email: 'smith@example.com' }],
    [{ name: 'Bob Smith' }],
    [{ name: null }],
    [{ status: 'contacted' }],
    [{ email: 'smith@example.com', name: null, status: 'lost' }],
    [{}],
  ])('change %j and nothing else', async (change) => {
    const before = await add({ name: 'Bob', status: 'open' });

    const { status, body } = await put(before.id, { ...change, id: 1, created_at: '2020-01-01', vip: true });

    expect([status, body]).toStrictEqual([200, { ...before, ...change }]);
    expect((await read(before.id)).body).toStrictEqual(body);
  });

  it('accept the whole record back with one field changed', async () => {
    const before = await add({ name: 'Bob' });

    const { status, body } = await put(before.id, { ...before, status: 'won' });

    expect([status, body]).toStrictEqual([200, { ...before, status: 'won' }]);
  });

  it.each([
    [{ email: null }, 'email must be a string'],
    [{ email: '' }, 'email must be a valid email address'],
    [{ name: '' }, 'name must be 1 to 200 characters long'],
    [{ status: null }, 'status must be a string'],
    [{ name: 'Robert', status: 's'.repeat(51) }, 'status must be 1 to 50 characters long'],
  ])('do not change with %j', async (change, detail) => {
    const before = await add();

    expect(await put(before.id, change)).toMatchObject({ status: 400, body: { detail, error: detail } });
    expect((await read(before.id)).body).toStrictEqual(before);
  });

  it('keep all concurrent changes of different fields', async () => {
    const { id } = await add();

    await Promise.all([put(id, { name: 'Bob' }), put(id, { status: 'open' }), put(id, { email: 'b@example.com' })]);

    expect((await read(id)).body).toMatchObject({ name: 'Bob', status: 'open', email: 'b@example.com' });
  });

  it('are deleted once', async () => {
    const { id } = await add();

    const first = await remove(id);

    expect([first.status, first.body]).toStrictEqual([200, { message: 'Lead deleted' }]);
    expect(await remove(id)).toMatchObject(notFound);
    expect(await read(id)).toMatchObject(notFound);
    expect(await put(id, { name: 'Bob' })).toMatchObject(notFound);
    expect((await call(crm, `GET /leads?after=${id - 1}&limit=1`)).body).not.toMatchObject([{ id }]);
  });

  it('are deleted once by many concurrent requests', async () => {
    const { id } = await add();

    const answers = await Promise.all(Array.from({ length: 10 }, () => remove(id)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(404)]);
  });

  it('never reuse the id of a deleted lead', async () => {
    const last = await add();
    await remove(last.id);

    expect((await add()).id).toBeGreaterThan(last.id);
  });

  it('are listed by status in id order, page by page', async () => {
    const status = `in progress & ${randomUUID()}`;
    const added = [await add({ status }), await add(), await add({ status }), await add(), await add({ status })];
    const [first, , third, , fifth] = added;

    const page = await call(crm, `GET /leads?status=${encodeURIComponent(` ${status} `)}&limit=2`);
    const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1];
    const last = await call(crm, `GET ${next}`);

    expect([page.status, page.body]).toStrictEqual([200, [first, third]]);
    expect(new URL(next ?? '', crm.url).searchParams.get('status')).toBe(status);
    expect([last.status, last.body, last.headers.has('Link')]).toStrictEqual([200, [fifth], false]);
    const all = await call(crm, `GET /leads?after=${(first?.id ?? 0) - 1}&limit=5`);
    expect(all.body).toStrictEqual(added);
  });

  it('are no longer listed under their former status', async () => {
    const status = randomUUID();
    const { id } = await add({ status });
    await put(id, { status: 'other' });

    expect((await call(crm, `GET /leads?status=${status}`)).body).toEqual([]);
    expect((await call(crm, `GET /leads?status=${status.toUpperCase()}`)).body).toEqual([]);
  });

  it.each([
    ['limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['after=-1', 'after must be a whole number from 0 to 9007199254740991'],
    ['status=%20', 'status must be 1 to 50 characters long'],
    ['status=%00', 'status must not contain control characters'],
    ['status=a&status=b', 'status must be given only once'],
  ])('are not listed with ?%s', async (query, detail) => {
    expect(await call(crm, `GET /leads?${query}`)).toMatchObject({ status: 400, body: { detail } });
  });

  it.each(['999999999', '9007199254740993', '99999999999999999999999'])('are not found under the id %s', async (id) => {
    for (const answer of [await read(id), await put(id, { name: 'Bob' }), await remove(id)])
      expect(answer).toMatchObject(notFound);
  });

  it.each(['0', '-1', '1.5', 'abc', '01', '%00'])('cannot be read with the id %s', async (id) => {
    for (const answer of [await read(id), await put(id, {}), await remove(id)])
      expect(answer).toMatchObject({ status: 400, body: { detail: 'id must be a positive integer' } });
  });
});
