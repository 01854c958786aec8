import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { mulberry32 } from '@doorstep/kit/test/mulberry32.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '../src/customer.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { logIn } from './log-in.ts';
import { aCustomer } from './start.ts';

const password = 'correct horse battery';

describe.each(databases)('emails that look alike on %s', (kind) => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it.each([
    ['x@bücher.example', 'x@xn--bcher-kva.example'],
    ['y@xn--bcher-kva.example', 'Y@BU\u0308CHER.EXAMPLE'],
    ['zoe\u0308@example.com', 'ZO\u00cb@example.com'],
    ['ann@example.com', 'ann\u200b@example.com\u00ad'],
    ['ｗｉｄｅ@example.com', 'wide@example.com'],
    ['straße@example.com', 'STRASSE@example.com'],
  ])('are one customer: %s and %s', async (email, other) => {
    const made = await crm.addAccount({ email, password });
    expect(made.email).toBe(email);

    for (const request of ['POST /customers', 'POST /v1/customers']) {
      const { status, body } = await crm.admin(request, { body: aCustomer({ email: other }) });
      expect([status, body.existing_id]).toEqual([409, made.id]);
    }
    const stranger = await crm.addAccount();
    const taken = await crm.admin(`PUT /v1/customers/${stranger.id}`, { body: { email: other } });
    expect([taken.status, taken.body.existing_id]).toEqual([409, made.id]);
    expect((await logIn(crm, { email: other, password })).status).toBe(200);
    const own = await crm.admin(`PUT /v1/customers/${made.id}`, { body: { email: other } });
    expect([own.status, own.body.id]).toEqual([200, made.id]);
  });

  it('are two customers if a domain tells them apart', async () => {
    await crm.addAccount({ email: 'x@straße.example' });
    const { status } = await call(crm, 'POST /customers', { body: aCustomer({ email: 'x@strasse.example' }) });
    expect(status).toBe(201);
  });

  it('may be long, and of rare letters', async () => {
    // PostgreSQL indexes a limited number of bytes
    const random = mulberry32(7);
    const rare = (count: number) =>
      Array.from({ length: count }, () => String.fromCodePoint(0x20000 + Math.floor(random() * 40_000))).join('');
    const body = { name: rare(200), email: `${rare(64)}@${rare(63)}.${rare(63)}.${rare(61)}` };
    expect(await crm.admin('POST /v1/customers', { body })).toMatchObject({ status: 201, body });
    expect((await crm.admin('POST /v1/customers', { body })).status).toBe(409);
  });

  it('are found by either form', async () => {
    const { id } = await crm.addAccount({ email: 'kunde@xn--mller-kva.example' });
    for (const search of ['kunde@müller', 'KUNDE@xn--mller', '@muller.example']) {
      const { body } = await crm.admin(`GET /v1/customers?search=${encodeURIComponent(search)}`);
      expect(body.items.map((account: Account) => account.id)).toEqual([id]);
    }
  });
});
