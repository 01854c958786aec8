import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { type Operation, operationsOf } from '@doorstep/kit/test/openapi-requests.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin, documentOf, type ServiceName, serveAll, serviceNames } from './served.ts';

const alice = { name: 'Alice', email: 'alice@example.com', password: 'staple correct horse' };

describe('on every route', () => {
  let all: Awaited<ReturnType<typeof serveAll>>;
  let headersFor: (operation: Operation) => Record<string, string>;
  beforeAll(async () => {
    all = await serveAll();
    const { crm, inventory } = all.services;
    const admin = await asAdmin(crm);
    await call(crm, 'POST /v1/customers', { headers: admin, body: alice });
    await call(inventory, 'POST /api/v1/items', { body: { name: 'Mug', sku: 'MUG', price: 5, customer_id: 1 } });
    const { body } = await call(crm, 'POST /v1/auth/login', { body: alice });
    const customer = { Authorization: `Bearer ${body.access_token}` };
    headersFor = ({ path }) => (path.includes('my-items') ? customer : admin);
  });
  afterAll(() => all[Symbol.asyncDispose]());

  const namesOf = ({ parameters = [] }: Operation) =>
    parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name);
  const ask = (name: ServiceName, operation: Operation, query: string) => {
    const path = operation.path.replace(/\{\w+\}/g, '1');
    return call(all.services[name], `${operation.method} ${path}?${query}`, { headers: headersFor(operation) });
  };

  const operationsIn = async (name: ServiceName) => operationsOf(await documentOf(all.services[name]));

  it.each(serviceNames)(
    'of the %s a parameter that it does not take is rejected with those that it takes',
    async (name) => {
      for (const operation of await operationsIn(name)) {
        const { status, body } = await ask(name, operation, 'colour=red');
        const takes = namesOf(operation).join(', ') || 'none';
        const detail = `colour is not a query parameter of this route, which takes ${takes}`;
        expect([operation.path, status, body.detail]).toEqual([operation.path, 400, detail]);
      }
    },
  );

  it.each(serviceNames)('of the %s an empty parameter counts as absent', async (name) => {
    const operations = await operationsIn(name);
    const readings = operations.filter(({ method }) => method === 'GET').filter((one) => namesOf(one).length > 0);
    expect(readings.length).toBeGreaterThan(0);
    for (const operation of readings) {
      const empty = namesOf(operation).map((parameter) => `${parameter}=`);
      const [with_, without] = [await ask(name, operation, empty.join('&')), await ask(name, operation, '')];
      expect([operation.path, with_.status, with_.body]).toEqual([operation.path, 200, without.body]);
    }
  });
});

describe.each(databases)('what the services ask each other on %s', (kind) => {
  it('is never a bad request', async () => {
    await using all = await serveAll(kind, { RECONCILE_CRON: '* * * * * *' });
    const { crm, inventory, middleware } = all.services;
    const headers = await asAdmin(crm);
    for (const email of ['bob@example.com', 'carol@example.com']) {
      await call(crm, 'POST /customers', { body: { name: 'B', email }, headers: { Prefer: 'wait=20' } });
    }
    await call(crm, 'POST /v1/customers', { headers, body: alice });
    const { body: login } = await call(crm, 'POST /v1/auth/login', { body: alice });
    const customer = { Authorization: `Bearer ${login.access_token}` };
    for (const path of ['', '/1', '/search?name=mug&brand=']) {
      await call(crm, `GET /api/v1/customers/my-items${path}`, { headers: customer });
    }
    await call(middleware, 'POST /deliveries/1/replay');
    await eventually(async () => {
      const { deliveries, reconciliation } = (await call(middleware, 'GET /status')).body;
      expect([deliveries.delivered, reconciliation?.customers, reconciliation?.proven]).toEqual([3, 3, true]);
    });

    const answered = await Promise.all(
      [crm, inventory].map(async (service) => (await call(service, 'GET /metrics')).body),
    );
    for (const metrics of answered) {
      expect(metrics).toMatch(/^request_count\{.*status="200"\} /m);
      expect(metrics.match(/^request_count\{.*status="400"\} .*/gm)).toBeNull();
    }
  });
});
