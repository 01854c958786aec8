import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCrm, type TestCrm } from './start.ts';

type Action = {
  id: number;
  lead_id: number | null;
  action_type: string;
  details: string | null;
  description: string | null;
};

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const action_type = 'call';
const notFound = { status: 404, body: { detail: 'Action not found', error: 'Action not found' } };
const noLead = {
  status: 400,
  body: {
    detail: 'Lead not found',
    error: 'Lead not found',
    errors: [{ field: 'lead_id', message: 'Lead not found' }],
  },
};
const differ = 'description must be equal to details, or left out';

describe.each(databases)('actions on %s', (kind) => {
  let crm: TestCrm;
  let lead_id: number;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
    lead_id = await addLead();
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const addLead = async () => (await call(crm, 'POST /leads', { body: { email: 'bob@example.com' } })).body.id;
  const post = (body: unknown) => call(crm, 'POST /actions', { body });
  const add = async (overrides = {}): Promise<Action> => (await post({ action_type, ...overrides })).body;
  const put = (id: number | string, body: unknown) => call(crm, `PUT /actions/${id}`, { body });
  const read = (id: number | string) => call(crm, `GET /actions/${id}`);
  const remove = (id: number | string) => call(crm, `DELETE /actions/${id}`);

  it('are created with only a type', async () => {
    const { status, headers, body } = await post({ action_type });

    const empty = { lead_id: null, details: null, description: null };
    expect([status, body]).toStrictEqual([201, { id: expect.any(Number), ...empty, action_type, created_at: isoTime }]);
    expect(headers.get('Location')).toBe(`/actions/${body.id}`);
    expect(await read(body.id)).toMatchObject({ status: 200, body });
  });

  it('are created with every field, and unknown fields are ignored', async () => {
    const text = 'Asked for\na quote 🎁\t';

    const { status, body } = await post({ id: 999_999, lead_id, action_type: ' e-mail ', details: text, vip: true });

    const given = { lead_id, action_type: 'e-mail', details: text, description: text };
    expect([status, body]).toStrictEqual([201, { id: expect.any(Number), ...given, created_at: isoTime }]);
    expect(body.id).not.toBe(999_999);
    expect((await read(body.id)).body).toStrictEqual(body);
  });

  it.each([
    [{ details: 'a' }, 'a'],
    [{ description: 'a' }, 'a'],
    [{ details: 'a', description: 'a' }, 'a'],
    [{ details: '' }, ''],
    [{ description: '' }, ''],
    [{ details: null }, null],
    [{ description: null }, null],
    [{ details: null, description: null }, null],
  ])('created with %j show the text under both names', async (texts, text) => {
    const { status, body } = await post({ action_type, ...texts });

    expect([status, body.details, body.description]).toEqual([201, text, text]);
    expect((await read(body.id)).body).toStrictEqual(body);
  });

  it.each(['é', '🎁'])('accept a text of 10,000 characters %s', async (letter) => {
    const text = letter.repeat(10_000);

    for (const name of ['details', 'description'])
      expect(await add({ [name]: text })).toMatchObject({ details: text, description: text });
  });

  const badInputs: [what: string, body: unknown, detail: string][] = [
    ['nothing', {}, 'Missing required fields: action_type'],
    ['null for a type', { action_type: null }, 'Missing required fields: action_type'],
    ['a blank type', { action_type: ' ' }, 'Missing required fields: action_type'],
    ['a number for a type', { action_type: 1 }, 'action_type must be a string'],
    ['a type of 101 letters', { action_type: 't'.repeat(101) }, 'action_type must be 1 to 100 characters long'],
    ['two texts', { action_type, details: 'a', description: 'b' }, differ],
    ['a text and an empty one', { action_type, details: 'a', description: '' }, differ],
    ['10,001 letters', { action_type, details: 'x'.repeat(10_001) }, 'details must be at most 10000 characters long'],
    ['a NUL', { action_type, description: 'a\0' }, 'description must not contain NUL or unpaired surrogates'],
    ['a number for a text', { action_type, details: 5 }, 'details must be a string'],
    ['a text for a lead', { action_type, lead_id: '1' }, 'lead_id must be a positive integer'],
    ['lead 0', { action_type, lead_id: 0 }, 'lead_id must be a positive integer'],
    ['half a lead', { action_type, lead_id: 1.5 }, 'lead_id must be a positive integer'],
    ['a lead id that is too large', { action_type, lead_id: 1e300 }, 'lead_id must be a positive integer'],
  ];
  it.each(badInputs)('are rejected with %s', async (_, body, detail) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { detail, error: detail } });
  });

  it('are rejected with a lead that does not exist or was deleted', async () => {
    const deleted = await addLead();
    await call(crm, `DELETE /leads/${deleted}`);
    const { id } = await add({ lead_id });

    for (const unknown of [deleted, 999_999_999, Number.MAX_SAFE_INTEGER]) {
      expect(await post({ action_type, lead_id: unknown })).toMatchObject(noLead);
      expect(await put(id, { lead_id: unknown, action_type: 'visit' })).toMatchObject(noLead);
    }
    expect((await read(id)).body).toMatchObject({ lead_id, action_type });
  });

  it.each([
    [{ action_type: 'visit' }, {}],
    [{ lead_id: null }, {}],
    [{ details: 'new' }, { description: 'new' }],
    [{ description: 'new' }, { details: 'new' }],
    [{ details: 'new', description: 'new' }, {}],
    [{ details: null }, { description: null }],
    [{ description: null }, { details: null }],
    [{ action_type: 'visit', lead_id: null, description: '' }, { details: '' }],
    [{}, {}],
  ])('change %j and nothing else', async (change, besides) => {
    const before = await add({ lead_id, details: 'old' });

    const { status, body } = await put(before.id, { ...change, id: 1, created_at: '2020-01-01' });

    expect([status, body]).toStrictEqual([200, { ...before, ...change, ...besides }]);
    expect((await read(before.id)).body).toStrictEqual(body);
  });

  it.each([
    ['old', { details: 'new' }, 'new'],
    ['old', { description: 'new' }, 'new'],
    ['old', { details: null }, null],
    ['old', { description: null }, null],
    ['old', { details: '' }, ''],
    [null, { details: 'new' }, 'new'],
    [null, { description: 'new' }, 'new'],
    ['old', { action_type: 'visit' }, 'old'],
  ])('with the text %j accept the whole record back with %j changed', async (details, change, text) => {
    const before = await add({ lead_id, details });

    const { status, body } = await put(before.id, { ...before, ...change });

    expect([status, body]).toStrictEqual([200, { ...before, ...change, details: text, description: text }]);
    expect((await read(before.id)).body).toStrictEqual(body);
  });

  it.each([
    [{ details: 'one', description: 'two' }, differ],
    [{ details: null, description: 'two' }, differ],
    [{ action_type: null }, 'action_type must be a string'],
    [{ action_type: '' }, 'action_type must be 1 to 100 characters long'],
    [{ lead_id: 0 }, 'lead_id must be a positive integer'],
  ])('do not change with %j', async (change, detail) => {
    const before = await add({ details: 'old' });

    expect(await put(before.id, change)).toMatchObject({ status: 400, body: { detail, error: detail } });
    expect((await read(before.id)).body).toStrictEqual(before);
  });

  it('are deleted once, and their ids are never reused', async () => {
    const { id } = await add();

    const first = await remove(id);

    expect([first.status, first.body]).toStrictEqual([200, { message: 'Action deleted' }]);
    for (const answer of [await remove(id), await read(id), await put(id, {})]) expect(answer).toMatchObject(notFound);
    expect((await add()).id).toBeGreaterThan(id);
  });

  it('keep their text and lose the reference when the lead is deleted', async () => {
    const [lost, kept] = [await addLead(), await addLead()];
    const actions = [
      await add({ lead_id: lost, details: 'a' }),
      await add({ lead_id: lost }),
      await add({ lead_id: kept }),
    ];

    await call(crm, `DELETE /leads/${lost}`);

    const after = await call(crm, `GET /actions?after=${(actions[0]?.id ?? 0) - 1}&limit=3`);
    expect(after.body).toStrictEqual(
      actions.map((action) => ({ ...action, lead_id: action.lead_id === kept ? kept : null })),
    );
    expect((await call(crm, `GET /actions?lead_id=${lost}`)).body).toEqual([]);
  });

  it('are listed by lead in id order, page by page', async () => {
    const lead_id = await addLead();
    const added = [await add({ lead_id }), await add(), await add({ lead_id, details: 'b' }), await add({ lead_id })];

    const page = await call(crm, `GET /actions?lead_id=${lead_id}&limit=2`);
    const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1];
    const last = await call(crm, `GET ${next}`);

    expect([page.status, page.body]).toStrictEqual([200, [added[0], added[2]]]);
    expect(next).toContain(`lead_id=${lead_id}`);
    expect([last.status, last.body, last.headers.has('Link')]).toStrictEqual([200, [added[3]], false]);
    expect((await call(crm, `GET /actions?after=${(added[0]?.id ?? 0) - 1}`)).body.slice(0, 4)).toStrictEqual(added);
  });

  it('are listed by type in id order, page by page, with the closing slash and without', async () => {
    const type = 'Ünïque e-mail & more';
    const added = [
      await add({ action_type: type }),
      await add({ action_type: type.toLowerCase() }),
      await add({ action_type: type, lead_id }),
      await add({ action_type: type }),
    ];
    const filter = `action_type=${encodeURIComponent(type)}`;

    for (const path of ['/actions', '/actions/']) {
      const page = await call(crm, `GET ${path}?${filter}&limit=2`);
      const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1];
      const last = await call(crm, `GET ${next}`);

      expect([page.status, page.body]).toStrictEqual([200, [added[0], added[2]]]);
      expect([last.status, last.body, last.headers.has('Link')]).toStrictEqual([200, [added[3]], false]);
      expect((await call(crm, `GET ${path}?${filter}&lead_id=${lead_id}`)).body).toStrictEqual([added[2]]);
      expect((await call(crm, `GET ${path}?action_type=none`)).body).toEqual([]);
    }
    await put(added[0]?.id ?? 0, { action_type: 'another' });
    expect((await call(crm, `GET /actions?${filter}`)).body).toStrictEqual([added[2], added[3]]);
  });

  it('are not listed by a type longer than any', async () => {
    const detail = 'action_type must be 1 to 100 characters long';
    expect(await call(crm, `GET /actions?action_type=${'t'.repeat(101)}`)).toMatchObject({
      status: 400,
      body: { detail },
    });
  });

  it('are an empty list for a lead that does not exist', async () => {
    for (const id of ['999999999', '9007199254740993', '99999999999999999999999'])
      expect(await call(crm, `GET /actions?lead_id=${id}`)).toMatchObject({ status: 200, body: [] });
  });

  it.each(['0', '-1', '1.5', 'abc', '', '1,2'])('are not listed with ?lead_id=%s', async (id) => {
    const detail = 'lead_id must be a positive integer';
    expect(await call(crm, `GET /actions?lead_id=${id}`)).toMatchObject({ status: 400, body: { detail } });
  });

  it.each(['999999999', '9007199254740993', '99999999999999999999999'])('are not found under the id %s', async (id) => {
    for (const answer of [await read(id), await put(id, { action_type }), await remove(id)])
      expect(answer).toMatchObject(notFound);
  });
});
