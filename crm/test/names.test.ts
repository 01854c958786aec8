import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { aCustomer, readFeed } from './start.ts';

const email = 'bob@example.com';

/** Every route that takes a name, with the other fields that it needs. */
const routes: [request: string, body: () => object][] = [
  ['POST /customers', aCustomer],
  ['POST /v1/customers', aCustomer],
  ['PUT /v1/customers/1', () => ({})],
  ['POST /leads', () => ({ email })],
  ['PUT /leads/1', () => ({})],
  ['POST /processes', () => ({})],
  ['PUT /processes/1', () => ({})],
];

// what is refused or kept here does not depend on the database
describe('a name', () => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin('sqlite');
    await crm.addAccount();
    await call(crm, 'POST /leads', { body: { email } });
    await call(crm, 'POST /processes', { body: { name: 'Onboarding' } });
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const invisible = (code: string) => `must not contain the invisible character ${code}`;
  it.each([
    ['\u200b', invisible('U+200B')],
    ['Ann\u200b', invisible('U+200B')],
    ['\u202eelpmaxE nnA', invisible('U+202E')],
    ['Ann\u2066', invisible('U+2066')],
    ['Ann\u00adExample', invisible('U+00AD')],
    ['\u3164', invisible('U+3164')],
    ['\u2800', invisible('U+2800')],
    ['Ann\u2028Example', invisible('U+2028')],
    ['Ann\u200dExample', invisible('U+200D')],
    ['😀\u{e0041}', invisible('U+E0041')],
    ['\u0301', 'must contain a visible character'],
  ])('is refused with a sentence: %j', async (name, message) => {
    const before = await readFeed(crm);
    for (const [request, body] of routes) {
      const answer = await crm.admin(request, { body: { ...body(), name } });
      expect([request, answer.status, answer.body.errors]).toEqual([request, 400, [{ field: 'name', message }]]);
    }
    expect(await readFeed(crm)).toEqual(before);
  });

  it.each([
    'Ann\u00a0Example',
    'می\u200cخواهم',
    'സുധീര്\u200d',
    'क्\u200dष',
    '葛\u{e0100}城',
    '👩\u200d❤\ufe0f\u200d👩',
    'e\u0301lodie',
    '١٢',
  ])('is kept as people write it: %j', async (name) => {
    for (const [request, body] of routes) {
      const { status, body: shown } = await crm.admin(request, { body: { ...body(), name } });
      expect([request, status < 300, shown.name]).toEqual([request, true, name]);
    }
  });

  it.each([
    ['POST /leads', { email }, 'status'],
    ['POST /actions', {}, 'action_type'],
    ['POST /processes', { name: 'Onboarding' }, 'status'],
    ['POST /processes', { name: 'Onboarding' }, 'channel'],
  ])('is no status or type: those lose what cannot be seen, in %s %j %s', async (request, body, field) => {
    const { body: shown } = await crm.admin(request, { body: { ...body, [field]: '\u202epho\u00adne\u0308 \u200b' } });
    expect(shown[field].normalize('NFC')).toBe('phonë');
    const none = await crm.admin(request, { body: { ...body, action_type: 'x', [field]: '\u200b' } });
    expect([none.status, none.body.errors]).toMatchObject([400, [{ field }]]);
  });

  it('of a status finds the records that have it, however it is typed', async () => {
    const { body: lead } = await call(crm, 'POST /leads', { body: { email, status: 'erlo\u0308scht' } });
    const { body } = await call(crm, `GET /leads?status=${encodeURIComponent('erl\u00f6scht\u200b')}`);
    expect(body).toEqual([lead]);
  });
});
