import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { addCustomer } from './start.ts';

const reported = {
  pending: { sentence: 'pending', result: {} },
  delivered: { sentence: 'Package request created successfully', result: { package_id: 7 } },
  failed: { sentence: 'Package request failed: Inventory answered 422', result: { error: 'Inventory answered 422' } },
};

/** The routes that answer with customers, and what each shows of the customer with that id. */
const shownBy: Record<string, (crm: CrmWithAdmin, id: number) => Promise<unknown>> = {
  'POST /customers': (crm) => addCustomer(crm),
  'GET /customers': async (crm, id) => (await crm.admin(`GET /customers?after=${id - 1}&limit=1`)).body[0],
  'GET /customers/{id}': async (crm, id) => (await crm.admin(`GET /customers/${id}`)).body,
  'GET /v1/customers': async (crm) => (await crm.admin('GET /v1/customers?sort=-id&size=1')).body.items[0],
  'POST /v1/customers': (crm) => crm.addAccount(),
  'GET /v1/customers/{id}': async (crm, id) => (await crm.admin(`GET /v1/customers/${id}`)).body,
  'PUT /v1/customers/{id}': async (crm, id) =>
    (await crm.admin(`PUT /v1/customers/${id}`, { body: { name: 'A' } })).body,
  'POST /v1/customers/{id}/restore': async (crm, id) => {
    await crm.admin(`DELETE /v1/customers/${id}`);
    return (await crm.admin(`POST /v1/customers/${id}/restore`)).body;
  },
};
const isNew = (route: string) => /^POST \S+customers$/.test(route);

describe.each(databases)('what became of the package is shown, on %s,', (kind) => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it.each(Object.entries(shownBy))('by %s', async (route, show) => {
    for (const [state, { sentence, result }] of Object.entries(reported)) {
      const { id } = await addCustomer(crm);
      const body = { results: [{ customer_id: id, state, attempts: 1, ...result }] };
      await crm.admin('PUT /customers/integration', { body });

      const expected = isNew(route)
        ? { integration_status: 'pending', integration: { state: 'pending', attempts: 0 } }
        : { id, integration_status: sentence, integration: { state, attempts: 1, ...result } };
      expect(await show(crm, id)).toMatchObject(expected);
    }
  });

  it('and these are all the routes that answer with customers', async () => {
    const { paths } = (await call(crm, 'GET /openapi.json')).body;

    const documented = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.entries<{ responses: object }>(methods as never)
        .filter(([, { responses }]) => /schemas\/(Customer|Account)"/.test(JSON.stringify(responses)))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );

    expect(documented.sort()).toEqual(Object.keys(shownBy).sort());
  });
});
