import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { hostileRequests } from '@doorstep/kit/test/hostile-requests.ts';
import { type ApiDocument, type Operation, sourceOf, validRequests } from '@doorstep/kit/test/openapi-requests.ts';
import { databasesTried, runsOf, tryEveryOperation } from '@doorstep/kit/test/openapi-run.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anInventory } from './an-inventory.ts';
import { addCustomer, startTestCrm, type TestCrm } from './start.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';
const tokens = createTokens(JWT_SECRET_KEY);

const runs = runsOf(1);
/** So many are there, or have been: whatever adds some comes before what takes them away. */
const ids = { max: Math.max(10, runs) };
/** Rejections for reasons that no schema can express. */
const rightRefusals =
  /^((Lead|Action) not found|description must be equal to details, or left out|password must be at least 12 characters long)$/;

describe.each(databasesTried)('according to the OpenAPI document, the CRM on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  const customer = { id: 0 };
  const items: { customer_id: unknown }[] = [];
  let crm: TestCrm;
  let document: ApiDocument;

  beforeAll(async () => {
    const inventory = resources.use(await anInventory(JWT_SECRET_KEY));
    crm = resources.use(await startTestCrm(kind, { JWT_SECRET_KEY, INVENTORY_SERVICE_URL: inventory.url }));
    document = (await call(crm, 'GET /openapi.json')).body;
    const body = { name: 'Alice', email: 'alice@example.com', password: 'correct horse battery staple' };
    await call(crm, 'POST /v1/customers', { headers: await admin(), body });
    for (let count = 1; count < 10; count += 1) {
      await addCustomer(crm);
      items.push(inventory.add({}));
      await call(crm, 'POST /leads', { body: { email: 'alice@example.com' } });
      await call(crm, 'POST /actions', { body: { lead_id: count, action_type: 'call' } });
      await call(crm, 'POST /processes', { body: { lead_id: count, last_action_id: count, name: 'Onboarding' } });
    }
  });
  afterAll(() => resources.disposeAsync());

  async function replaceCustomer() {
    customer.id = (await addCustomer(crm)).id;
    for (const item of items.slice(0, 5)) item.customer_id = customer.id;
  }

  it('accepts valid requests and answers as documented', async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => validRequests(operation, source);
    const run = { name: `what is allowed, on ${kind}`, service: crm, document, runs, requestsTo };

    const statuses = await tryEveryOperation({ ...run, callers: { admin }, rightRefusals });

    for (const status of runs < 10 ? [200] : [200, 201]) expect(statuses.get(status)).toBeGreaterThan(0);
  });

  it('answers any request as documented', async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => hostileRequests(operation, source);
    const run = { name: `anything, on ${kind}`, service: crm, document, runs, requestsTo };

    const statuses = await tryEveryOperation({ ...run, callers: { admin } });

    for (const status of runs < 10 ? [200] : [200, 400]) expect(statuses.get(status)).toBeGreaterThan(0);
  });

  it('answers customers and anonymous callers as documented', async () => {
    const source = sourceOf(document, { ...ids, own: () => customer.id });
    const requestsTo = (operation: Operation) =>
      fc.oneof(validRequests(operation, source), hostileRequests(operation, source));
    const run = { name: `anything from customers, on ${kind}`, service: crm, document, runs, requestsTo };
    let asked = 0;
    const owner = async () => {
      // an earlier request may have invalidated the token
      if (asked % 10 === 0) await replaceCustomer();
      asked += 1;
      return bearer(await tokens.sign({ subject: String(customer.id), role: 'customer', version: 1 }, 3600));
    };
    const stranger = async () => ({});
    const forger = async () => bearer('x.y.z');

    const statuses = await tryEveryOperation({ ...run, callers: { owner, stranger, forger } });

    for (const status of runs < 10 ? [200] : [200, 401]) expect(statuses.get(status)).toBeGreaterThan(0);
  });
});

const adminToken = tokens.sign({ subject: 'admin', role: 'admin', version: 1 }, 86_400);
const admin = async () => bearer(await adminToken);

function bearer(token: string) {
  return { Authorization: `Bearer ${token}` };
}
