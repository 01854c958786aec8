import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { inputsOf } from '@doorstep/kit/test/distinct-inputs.ts';
import type { ApiDocument } from '@doorstep/kit/test/openapi-requests.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CustomerEvent } from '../src/event.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { logIn } from './log-in.ts';
import { readFeed } from './start.ts';

/** Input fields that are stored but never shown. */
const secretFields = ['password'];

type Values = Record<string, unknown>;

const posts = ['POST /customers', 'POST /v1/customers'];
const put = 'PUT /v1/customers/{id}';

describe.each(databases)('every input field of a customer on %s', (kind) => {
  let crm: CrmWithAdmin;
  let document: ApiDocument;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
    document = (await call(crm, 'GET /openapi.json')).body;
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  let seed = 0;
  const newInputs = (request: string) => {
    seed += 100;
    const [first, second] = inputsOf(document, request, seed);
    return [fieldsIn(first), fieldsIn(second)] as const;
  };

  /** `current_password` proves who asks; it is no field of a customer. */
  const fieldsIn = ({ current_password, ...given }: Values): Values => given;

  /** The customer in every answer that shows it, by place. */
  async function placesOf({ body }: Answer) {
    const { items } = (await crm.admin('GET /v1/customers?sort=-id&size=100')).body;
    const events: CustomerEvent[] = (await crm.admin('GET /v1/events')).body;
    const isTheCustomer = ({ id }: { id: number }) => id === body.id;
    return {
      answer: body,
      customer: (await call(crm, `GET /customers/${body.id}`)).body,
      account: (await crm.admin(`GET /v1/customers/${body.id}`)).body,
      feed: (await readFeed(crm)).find(isTheCustomer),
      list: items.find(isTheCustomer),
      event: events.findLast(({ customer_id }) => customer_id === body.id)?.data,
    };
  }

  async function expectEverywhere(answer: Answer, given: Values) {
    const shown = Object.fromEntries(Object.entries(given).filter(([name]) => !secretFields.includes(name)));
    for (const [place, customer] of Object.entries(await placesOf(answer)))
      expect(customer, `the ${place}`).toMatchObject(shown);
  }

  async function expectLogin(given: Values) {
    if (given['password'] === undefined) return;
    const { status } = await logIn(crm, { username: given['email'], password: given['password'] });
    expect(status).toBe(200);
  }

  it.each(posts)('of %s appears in the answer, the customer, the lists and the event', async (request) => {
    const [given] = newInputs(request);

    const answer = await crm.admin(request, { body: given });

    expect(Object.keys(given)).toEqual(expect.arrayContaining(['name', 'email']));
    expect(answer).toMatchObject({ status: 201 });
    await expectEverywhere(answer, given);
    await expectLogin(given);
  });

  it('of a PUT appears in the answer, the customer, the lists and the event', async () => {
    const [before, given] = newInputs(put);
    const { id } = await crm.addAccount(before);

    const answer = await crm.admin(put.replace('{id}', String(id)), { body: given });

    expect(Object.keys(given)).toEqual(expect.arrayContaining(['name', 'email', 'password']));
    expect(answer).toMatchObject({ status: 200 });
    await expectEverywhere(answer, given);
    await expectLogin(given);
    const { event } = await placesOf(answer);
    expect(event?.changed?.toSorted()).toEqual(Object.keys(given).sort());
  });

  it('changes with a PUT of this field alone, and the others stay', async () => {
    const [before, given] = newInputs(put);
    const { id } = await crm.addAccount(before);
    for (const [name, value] of Object.entries(given)) {
      const account = (await crm.admin(`GET /v1/customers/${id}`)).body;

      const { status, body } = await crm.admin(put.replace('{id}', String(id)), { body: { [name]: value } });

      expect(status).toBe(200);
      expect(body).toStrictEqual(secretFields.includes(name) ? account : { ...account, [name]: value });
    }
  });

  it('of a PUT is also accepted by a POST', () => {
    const [, account] = posts.map((request) => Object.keys(newInputs(request)[0]));

    expect(account).toEqual(Object.keys(newInputs(put)[0]));
  });
});
