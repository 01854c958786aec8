import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCrm, type TestCrm } from './start.ts';

type Process = Record<'lead_id' | 'last_action_id', number | null> & {
  id: number;
  next_followup_datetime: string | null;
};

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const name = 'Onboarding';
const notFound = { status: 404, body: { detail: 'Process not found', error: 'Process not found' } };
const missing = (field: string, noun: string) => {
  const message = `${noun} not found`;
  return { status: 400, body: { detail: message, error: message, errors: [{ field, message }] } };
};

describe.each(databases)('processes on %s', (kind) => {
  let crm: TestCrm;
  let lead_id: number;
  let last_action_id: number;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
    lead_id = await addLead();
    last_action_id = await addAction();
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const addLead = async () => (await call(crm, 'POST /leads', { body: { email: 'bob@example.com' } })).body.id;
  const addAction = async () => (await call(crm, 'POST /actions', { body: { action_type: 'call' } })).body.id;
  const post = (body: unknown) => call(crm, 'POST /processes', { body });
  const add = async (overrides = {}): Promise<Process> => (await post({ name, ...overrides })).body;
  const put = (id: number | string, body: unknown) => call(crm, `PUT /processes/${id}`, { body });
  const read = (id: number | string) => call(crm, `GET /processes/${id}`);
  const remove = (id: number | string) => call(crm, `DELETE /processes/${id}`);
  const list = (query: string) => call(crm, `GET /processes?${query}`);
  const full = () => {
    const next_followup_datetime = '2026-01-31 12:00:00';
    return { name, lead_id, channel: 'e-mail', last_action_id, next_followup_datetime, status: 'paused' };
  };

  it('are created with only a name, as active', async () => {
    const { status, headers, body } = await post({ name });

    const empty = { lead_id: null, channel: null, last_action_id: null, next_followup_datetime: null };
    const expected = { id: expect.any(Number), name, ...empty, status: 'active', created_at: isoTime };
    expect([status, body]).toStrictEqual([201, expected]);
    expect(headers.get('Location')).toBe(`/processes/${body.id}`);
    expect(await read(body.id)).toMatchObject({ status: 200, body });
  });

  it('are created with every field, and unknown fields are ignored', async () => {
    const { status, body } = await post({ ...full(), id: 999_999, vip: true });

    expect([status, body]).toStrictEqual([201, { id: expect.any(Number), ...full(), created_at: isoTime }]);
    expect(body.id).not.toBe(999_999);
    expect((await read(body.id)).body).toStrictEqual(body);
  });

  it.each(['lead_id', 'channel', 'last_action_id', 'next_followup_datetime'])('accept null for %s', async (field) => {
    expect(await post({ ...full(), [field]: null })).toMatchObject({ status: 201, body: { ...full(), [field]: null } });
  });

  it.each([
    [{}, 'Missing required fields: name'],
    [{ name: null }, 'Missing required fields: name'],
    [{ name: ' ', status: 'open' }, 'Missing required fields: name'],
    [{ name: 5 }, 'name must be a string'],
    [{ name, channel: '' }, 'channel must be 1 to 100 characters long'],
    [{ name, status: null }, 'status must be a string'],
    [{ name, status: '' }, 'status must be 1 to 50 characters long'],
    [{ name, lead_id: '1' }, 'lead_id must be a positive integer'],
    [{ name, last_action_id: -1 }, 'last_action_id must be a positive integer'],
    [{ name, next_followup_datetime: 1769860800 }, 'next_followup_datetime must be a string'],
  ])('are rejected with %j', async (body, detail) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { detail, error: detail } });
  });

  it.each([
    ['2026-01-31 12:00:00', '2026-01-31 12:00:00'],
    ['2026-01-31T12:00:00Z', '2026-01-31 12:00:00'],
    ['2026-01-31T12:00:00', '2026-01-31 12:00:00'],
    ['2026-01-31 12:00:00Z', '2026-01-31 12:00:00'],
    ['2026-01-31 12:00', '2026-01-31 12:00:00'],
    ['2026-01-31T12:00Z', '2026-01-31 12:00:00'],
    ['  2026-01-31 12:00:00\n', '2026-01-31 12:00:00'],
    ['2026-01-31T12:00:00.999Z', '2026-01-31 12:00:00'],
    ['2026-01-31T12:00:00.123456789', '2026-01-31 12:00:00'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31 10:00:00'],
    ['2026-01-31 23:30:00.5-05:45', '2026-02-01 05:15:00'],
    ['2026-01-31T00:15+05:30', '2026-01-30 18:45:00'],
    ['2026-12-31T23:59:59-00:01', '2027-01-01 00:00:59'],
    ['2024-02-29 00:00:00', '2024-02-29 00:00:00'],
    ['2000-02-29 23:59:59', '2000-02-29 23:59:59'],
    ['2024-03-01T00:30:00+01:00', '2024-02-29 23:30:00'],
    ['2026-03-29 02:30:00', '2026-03-29 02:30:00'],
    ['0000-01-01 00:00:00', '0000-01-01 00:00:00'],
    ['0000-02-29T00:00:00-01:00', '0000-02-29 01:00:00'],
    ['0099-12-31T23:00:00-02:00', '0100-01-01 01:00:00'],
    ['9999-12-31 23:59:59', '9999-12-31 23:59:59'],
    ['9999-12-31T23:59:59+14:00', '9999-12-31 09:59:59'],
  ])('accept the follow-up time %j and show %s', async (next_followup_datetime, shown) => {
    const { status, body } = await post({ name, next_followup_datetime });

    expect([status, body.next_followup_datetime]).toEqual([201, shown]);
    expect((await put(body.id, { next_followup_datetime: shown })).body).toStrictEqual(body);
    expect((await read(body.id)).body).toStrictEqual(body);
  });

  it.each([
    ['', ' ', 'soon', '2026', '2026-01-31', '12:00:00', '31.01.2026 12:00', '1769860800', '20260131T120000Z'],
    ['2026-02-29 12:00:00', '2100-02-29 12:00:00', '2026-04-31 12:00:00', '2026-01-00 12:00:00', '2026-13-01 12:00:00'],
    ['2026-01-31 24:00:00', '2026-01-31 12:60:00', '2026-01-31 23:59:60', '2026-01-31 12', '2026-1-31 12:00:00'],
    [
      '2026-01-31  12:00:00',
      '2026-01-31 12:00:00 Z',
      '2026-01-31 12:00:00 UTC',
      '2026-01-31T12:00:00+2',
      '2026-01-31T12:00:00.',
    ],
    ['0000-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01', '+10000-01-01T00:00:00Z', '-0001-01-01T00:00:00Z'],
    ['2026-01-31T12:00:00+24:00', '2026-01-31T12:00:00+00:60', '2026-01-31T12:00:00\0', '２０２６-01-31 12:00:00'],
  ])('reject the follow-up time %j and the like', async (...times) => {
    const { id } = await add();
    const detail = 'next_followup_datetime must be a time such as 2026-01-31 12:00:00 (UTC) or 2026-01-31T12:00:00Z';

    for (const next_followup_datetime of times) {
      const answers = [await post({ name, next_followup_datetime }), await put(id, { next_followup_datetime })];
      expect(answers.map(({ status, body }) => [next_followup_datetime, status, body.detail])).toEqual(
        answers.map(() => [next_followup_datetime, 400, detail]),
      );
    }
  });

  it('are rejected with a lead or an action that does not exist', async () => {
    const before = await add(full());

    for (const unknown of [999_999_999, Number.MAX_SAFE_INTEGER]) {
      for (const [field, noun] of [
        ['lead_id', 'Lead'],
        ['last_action_id', 'Action'],
      ] as const) {
        expect(await post({ name, [field]: unknown })).toMatchObject(missing(field, noun));
        expect(await put(before.id, { name: 'Other', [field]: unknown })).toMatchObject(missing(field, noun));
      }
    }
    expect((await read(before.id)).body).toStrictEqual(before);
  });

  it.each([
    [{ name: 'Farewell' }],
    [{ status: 'done', next_followup_datetime: null }],
    [{ lead_id: null, last_action_id: null, channel: null }],
    [{ channel: 'phone', next_followup_datetime: '2027-01-01 00:00:00' }],
    [{}],
  ])('change %j and nothing else', async (change) => {
    const before = await add(full());

    const { status, body } = await put(before.id, { ...change, id: 1, created_at: '2020-01-01' });

    expect([status, body]).toStrictEqual([200, { ...before, ...change }]);
    expect((await read(before.id)).body).toStrictEqual(body);
    expect(await put(before.id, { ...body, status: 'open' })).toMatchObject({ body: { ...body, status: 'open' } });
  });

  it.each([
    [{ name: null }, 'name must be a string'],
    [{ name: '' }, 'name must be 1 to 200 characters long'],
    [{ status: null }, 'status must be a string'],
    [{ channel: '' }, 'channel must be 1 to 100 characters long'],
  ])('do not change with %j', async (change, detail) => {
    const before = await add(full());

    expect(await put(before.id, change)).toMatchObject({ status: 400, body: { detail, error: detail } });
    expect((await read(before.id)).body).toStrictEqual(before);
  });

  it('keep all other fields when their lead and last action are deleted', async () => {
    const given = { ...full(), lead_id: await addLead(), last_action_id: await addAction() };
    const before = await add(given);

    await call(crm, `DELETE /actions/${given.last_action_id}`);
    expect((await read(before.id)).body).toStrictEqual({ ...before, last_action_id: null });
    await call(crm, `DELETE /leads/${given.lead_id}`);
    expect((await read(before.id)).body).toStrictEqual({ ...before, last_action_id: null, lead_id: null });
  });

  it('are deleted once, and their ids are never reused', async () => {
    const { id } = await add(full());

    const first = await remove(id);

    expect([first.status, first.body]).toStrictEqual([200, { message: 'Process deleted' }]);
    for (const answer of [await remove(id), await read(id), await put(id, {})]) expect(answer).toMatchObject(notFound);
    expect((await add()).id).toBeGreaterThan(id);
    expect((await call(crm, `GET /leads/${lead_id}`)).status).toBe(200);
  });

  it('are listed by lead and status in id order, page by page', async () => {
    const mine = { lead_id: await addLead(), status: `on hold ${randomUUID()}` };
    const added = [
      await add(mine),
      await add({ ...mine, status: 'other' }),
      await add(mine),
      await add({ ...mine, lead_id }),
      await add(mine),
    ];
    const query = new URLSearchParams({ lead_id: String(mine.lead_id), status: mine.status });

    const page = await list(`${query}&limit=2`);
    const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1];
    const last = await call(crm, `GET ${next}`);

    expect([page.status, page.body]).toStrictEqual([200, [added[0], added[2]]]);
    expect(Object.fromEntries(new URL(next ?? '', crm.url).searchParams)).toMatchObject(Object.fromEntries(query));
    expect([last.status, last.body, last.headers.has('Link')]).toStrictEqual([200, [added[4]], false]);
    expect((await list(`lead_id=${mine.lead_id}`)).body).toStrictEqual([added[0], added[1], added[2], added[4]]);
    expect((await list(`after=${(added[0]?.id ?? 0) - 1}`)).body.slice(0, 5)).toStrictEqual(added);
  });

  it.each(['999999999', '9007199254740993', '99999999999999999999999'])('are not found under the id %s', async (id) => {
    for (const answer of [await read(id), await put(id, { name }), await remove(id)])
      expect(answer).toMatchObject(notFound);
    expect(await list(`lead_id=${id}`)).toMatchObject({ status: 200, body: [] });
  });
});
