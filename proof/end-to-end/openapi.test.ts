import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { type ApiDocument, standalone } from '@doorstep/kit/test/openapi-requests.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { admin, type ServiceName, serveAll, serviceNames } from './served.ts';

describe('the OpenAPI document', () => {
  const resources = new AsyncDisposableStack();
  const services = {} as Record<ServiceName, { url: string }>;
  beforeAll(async () => {
    const all = resources.use(await serveAll());
    const { crm, inventory, middleware } = Object.assign(services, all.services);
    await call(crm, 'POST /customers', { body: { name: 'Alice', email: 'alice@example.com' } });
    await eventually(async () => (await call(middleware, 'GET /deliveries/1')).body.state === 'delivered');
    await call(inventory, 'POST /packages', { body: { customerId: 96, customerName: 'Carol' } });
    for (const sku of ['MUG', 'TEA', 'BOX']) await call(inventory, 'POST /api/v1/items', { body: { ...item, sku } });
    await call(inventory, 'POST /api/v1/items', { body: cup, headers: keyed });
    for (const type of ['set', 'old']) await call(inventory, `PUT /api/v1/kits/${type}`, { body: kitOfMugs });
    await call(inventory, 'PUT /api/v1/kits/short', { body: { items: [{ item_id: 2, quantity: 1000 }] } });
    await call(inventory, 'POST /package_requests', { body: { customer_id: 95, package_type: 'short' } });
  });
  afterAll(() => resources.disposeAsync());

  it.each(serviceNames)('of %s has summaries without markup', async (name) => {
    const { body } = await call(services[name], 'GET /openapi.json');
    const operations = Object.values<object>(body.paths).flatMap((path) => Object.values(path));
    const summaries = operations.map(({ summary }: { summary: string }) => summary);
    expect(body).toMatchObject({ openapi: '3.1.0', info: { title: expect.stringContaining('Doorstep') } });
    expect(summaries.length).toBeGreaterThan(10);
    expect(summaries.filter((summary) => /[`*_]/.test(summary))).toEqual([]); // Swagger UI shows them as they are
  });

  const customer = { name: 'Bob', email: 'bob@example.com' };
  const taken = { name: 'Alice', email: 'Alice@Example.com' };
  const welcome = { customerId: 99, customerName: 'Bob' };
  const report = { results: [{ customer_id: 1, state: 'delivered', package_id: 1, attempts: 1 }] };
  const item = { name: 'Mug', sku: 'PEN', price: 12.5, quantity: 10 };
  const cup = { ...item, sku: 'CUP' };
  const kitOfMugs = { items: [{ item_id: 1, quantity: 1 }] };
  const kitOfNothing = { items: [{ item_id: 999, quantity: 1 }] };
  const keyed = { 'Idempotency-Key': 'item-1' };
  const otherVersion = { 'If-Match': '"0"' };
  type Row = [name: ServiceName, request: string, status: number, template: string, body?: unknown, headers?: Headers];
  type Headers = Record<string, string>;
  const answers: Row[] = [
    ['crm', 'POST /customers', 201, '/customers', customer],
    ['crm', 'POST /customers', 400, '/customers', {}],
    ['crm', 'POST /customers', 409, '/customers', taken],
    ['crm', 'GET /customers', 200, '/customers'],
    ['crm', 'GET /customers?limit=0', 400, '/customers'],
    ['crm', 'GET /customers/1', 200, '/customers/{id}'],
    ['crm', 'GET /customers/x', 400, '/customers/{id}'],
    ['crm', 'GET /customers/999', 404, '/customers/{id}'],
    ['crm', 'PUT /customers/integration', 204, '/customers/integration', report],
    ['crm', 'PUT /customers/integration', 400, '/customers/integration', {}],
    ['crm', 'PUT /customers/integration', 413, '/customers/integration', 'x'.repeat(1024 * 1024 + 1)],
    ['crm', 'POST /v1/auth/login', 200, '/v1/auth/login', admin],
    ['crm', 'POST /v1/auth/login', 401, '/v1/auth/login', { ...admin, password: 'x' }],
    ['crm', 'GET /', 200, '/'],
    ['crm', 'GET /health', 200, '/health'],
    ['crm', 'GET /readyz', 200, '/readyz'],
    ['crm', 'GET /livez', 200, '/livez'],
    ['crm', 'GET /metrics', 200, '/metrics'],
    ['crm', 'GET /openapi.json', 200, '/openapi.json'],
    ['inventory', 'POST /packages', 201, '/packages', welcome],
    ['inventory', 'POST /packages', 200, '/packages', { customerId: 1, customerName: 'Alice' }],
    ['inventory', 'POST /packages', 400, '/packages', {}],
    ['inventory', 'GET /packages', 200, '/packages'],
    ['inventory', 'GET /packages?customerId=1,2', 200, '/packages'],
    ['inventory', 'GET /packages/1', 200, '/packages/{id}'],
    ['inventory', 'GET /packages/999', 404, '/packages/{id}'],
    ['inventory', 'POST /packages/batch', 200, '/packages/batch', { packages: [{ ...welcome, customerId: 98 }, {}] }],
    ['inventory', 'POST /packages/batch', 400, '/packages/batch', {}],
    ['inventory', 'POST /package_requests', 201, '/package_requests', { customer_id: 97, package_type: 'a' }],
    ['inventory', 'GET /package_requests', 200, '/package_requests'],
    ['inventory', 'GET /packages/1/items', 200, '/packages/{id}/items'],
    ['inventory', 'GET /packages/999/items', 404, '/packages/{id}/items'],
    ['inventory', 'PATCH /packages/2', 200, '/packages/{id}', { status: 'packed' }],
    ['inventory', 'PATCH /packages/1', 400, '/packages/{id}', { status: 'lost' }],
    ['inventory', 'PATCH /packages/999', 404, '/packages/{id}', { status: 'packed' }],
    ['inventory', 'PATCH /packages/1', 409, '/packages/{id}', { status: 'delivered' }],
    ['inventory', 'POST /api/v1/items', 201, '/api/v1/items', item],
    ['inventory', 'POST /api/v1/items', 400, '/api/v1/items', {}],
    ['inventory', 'POST /api/v1/items', 409, '/api/v1/items', { ...item, sku: 'MUG' }],
    ['inventory', 'POST /api/v1/items', 200, '/api/v1/items', cup, keyed],
    ['inventory', 'POST /api/v1/items', 422, '/api/v1/items', { ...item, sku: 'JUG' }, keyed],
    ['inventory', 'PATCH /api/v1/items/1/quantity', 422, '/api/v1/items/{id}/quantity', { quantity: 1 }, keyed],
    ['inventory', 'PATCH /packages/1', 422, '/packages/{id}', { status: 'packed' }, keyed],
    ['inventory', 'POST /packages/batch', 422, '/packages/batch', { packages: [welcome] }, keyed],
    ['inventory', 'GET /api/v1/items/', 200, '/api/v1/items'],
    ['inventory', 'GET /api/v1/items?sort=colour', 400, '/api/v1/items'],
    ['inventory', 'GET /api/v1/items/1', 200, '/api/v1/items/{id}'],
    ['inventory', 'GET /api/v1/items/1', 304, '/api/v1/items/{id}', undefined, { 'If-None-Match': '*' }],
    ['inventory', 'GET /api/v1/items/x', 400, '/api/v1/items/{id}'],
    ['inventory', 'GET /api/v1/items/999', 404, '/api/v1/items/{id}'],
    ['inventory', 'PUT /api/v1/items/1', 200, '/api/v1/items/{id}', { price: 13 }],
    ['inventory', 'PUT /api/v1/items/1', 400, '/api/v1/items/{id}', { price: 0.001 }],
    ['inventory', 'PUT /api/v1/items/999', 404, '/api/v1/items/{id}', { price: 13 }],
    ['inventory', 'PUT /api/v1/items/1', 409, '/api/v1/items/{id}', { sku: 'TEA' }],
    ['inventory', 'PUT /api/v1/items/1', 412, '/api/v1/items/{id}', { price: 13 }, otherVersion],
    ['inventory', 'DELETE /api/v1/items/3', 204, '/api/v1/items/{id}'],
    ['inventory', 'DELETE /api/v1/items/999', 404, '/api/v1/items/{id}'],
    ['inventory', 'DELETE /api/v1/items/1', 409, '/api/v1/items/{id}'],
    ['inventory', 'DELETE /api/v1/items/1', 412, '/api/v1/items/{id}', undefined, otherVersion],
    ['inventory', 'GET /api/v1/items/customer/1', 200, '/api/v1/items/customer/{customer_id}'],
    ['inventory', 'GET /api/v1/items/customer/%20x', 400, '/api/v1/items/customer/{customer_id}'],
    ['inventory', 'GET /api/v1/items/low-stock/?threshold=99', 200, '/api/v1/items/low-stock'],
    ['inventory', 'GET /api/v1/items/low-stock?threshold=x', 400, '/api/v1/items/low-stock'],
    ['inventory', 'PATCH /api/v1/items/1/quantity?quantity_change=1', 200, '/api/v1/items/{id}/quantity'],
    ['inventory', 'PATCH /api/v1/items/1/quantity', 400, '/api/v1/items/{id}/quantity', {}],
    ['inventory', 'PATCH /api/v1/items/999/quantity', 404, '/api/v1/items/{id}/quantity', { quantity: 1 }],
    ['inventory', 'PATCH /api/v1/items/1/quantity', 409, '/api/v1/items/{id}/quantity', { quantity_change: -1000 }],
    ['inventory', 'PATCH /api/v1/items/1/quantity', 412, '/api/v1/items/{id}/quantity', { quantity: 1 }, otherVersion],
    ['inventory', 'GET /api/v1/items/1/movements', 200, '/api/v1/items/{id}/movements'],
    ['inventory', 'GET /api/v1/items/999/movements', 404, '/api/v1/items/{id}/movements'],
    ['inventory', 'GET /api/v1/kits', 200, '/api/v1/kits'],
    ['inventory', 'GET /api/v1/kits?limit=0', 400, '/api/v1/kits'],
    ['inventory', 'GET /api/v1/kits/set', 200, '/api/v1/kits/{package_type}'],
    ['inventory', 'GET /api/v1/kits/none', 404, '/api/v1/kits/{package_type}'],
    ['inventory', 'PUT /api/v1/kits/set', 200, '/api/v1/kits/{package_type}', kitOfMugs],
    ['inventory', 'PUT /api/v1/kits/new', 201, '/api/v1/kits/{package_type}', kitOfMugs],
    ['inventory', 'PUT /api/v1/kits/set', 400, '/api/v1/kits/{package_type}', kitOfNothing],
    ['inventory', 'DELETE /api/v1/kits/old', 204, '/api/v1/kits/{package_type}'],
    ['inventory', 'DELETE /api/v1/kits/short', 409, '/api/v1/kits/{package_type}'],
    ['inventory', 'DELETE /api/v1/kits/none', 404, '/api/v1/kits/{package_type}'],
    ['inventory', 'GET /health', 200, '/health'],
    ['middleware', 'GET /status', 200, '/status'],
    ['middleware', 'GET /deliveries', 200, '/deliveries'],
    ['middleware', 'GET /deliveries?state=lost', 400, '/deliveries'],
    ['middleware', 'GET /deliveries/1', 200, '/deliveries/{customer_id}'],
    ['middleware', 'GET /deliveries/999', 404, '/deliveries/{customer_id}'],
    ['middleware', 'POST /deliveries/1/replay', 200, '/deliveries/{customer_id}/replay'],
    ['middleware', 'POST /deliveries/999/replay', 404, '/deliveries/{customer_id}/replay'],
    ['middleware', 'POST /deliveries/replay', 200, '/deliveries/replay', { state: 'dead' }],
    ['middleware', 'POST /deliveries/replay', 400, '/deliveries/replay', { state: 'lost' }],
    ['middleware', 'POST /poll', 200, '/poll'],
    ['middleware', 'POST /pause', 200, '/pause'],
    ['middleware', 'POST /resume', 200, '/resume'],
    ['middleware', 'GET /quarantine', 200, '/quarantine'],
    ['middleware', 'GET /health', 200, '/health'],
  ];
  it.each(answers)('of %s tells how %s is answered with %i', async (name, request, status, template, body, headers) => {
    const { body: document } = await call(services[name], 'GET /openapi.json');
    const [method = ''] = request.split(' ');

    const answer = await call(services[name], request, { body, ...(headers && { headers }) });

    expect(answer.status).toBe(status);
    expectAsDocumented(answer, document, document.paths[template][method.toLowerCase()].responses[status]);
  });
});

type Documented = {
  headers?: Record<string, { required?: boolean }>;
  content?: Record<string, { schema: object }>;
};

function expectAsDocumented(answer: Answer, document: ApiDocument, doc: Documented) {
  const required = Object.entries(doc.headers ?? {}).filter(([, header]) => header.required);
  expect(required.map(([name]) => name).filter((name) => !answer.headers.has(name))).toEqual([]);
  const [content] = Object.entries(doc.content ?? {});
  if (!content) return expect(answer.body).toBe('');
  const [type, { schema }] = content;
  expect(answer.headers.get('Content-Type')?.split(';')[0]).toBe(type);
  const parser = z.fromJSONSchema(standalone(schema, document));
  expect(parser.safeParse(answer.body).error?.issues).toBeUndefined();
}
