import { expect } from 'vitest';

export type Asked = {
  service: 'crm' | 'inventory';
  request: string;
  body?: object;
  /** Whose token is sent; none by default. */
  as?: 'admin' | 'customer';
  status: number;
  /** What the answer contains at least. */
  answer?: unknown;
};

type Rest = Pick<Asked, 'body' | 'as' | 'answer'>;
const crm = (request: string, status: number, rest: Rest = {}): Asked => ({ service: 'crm', request, status, ...rest });
const inventory = (request: string, status: number, rest: Rest = {}): Asked => {
  return { service: 'inventory', request, status, ...rest };
};

const number = expect.any(Number);
const text = expect.any(String);
/** A list that contains at least this row. */
const listOf = (row: object) => expect.arrayContaining([expect.objectContaining(row)]);

const happy = { name: 'Happy Path User', email: 'happy@example.com' };
const promotion = { customer_id: 777, package_type: 'special_promo_pack' };
const alice = { customerId: 4711, customerName: 'Alice' };
const lead = { email: 'john@example.com', name: 'John Doe', status: 'new' };
const email = { lead_id: 1, action_type: 'email', details: 'Sent welcome email' };
const process = { name: 'Lead Nurturing', status: 'active' };
const followUp = { lead_id: 1, channel: 'email', last_action_id: 1, next_followup_datetime: '2024-03-20 10:00:00' };
const product = {
  ...{ name: 'Test Product', description: 'A test product', sku: 'TEST-001', price: 99.99, cost: 50, quantity: 100 },
  ...{ min_quantity: 10, max_quantity: 1000, is_active: true, category: 'Electronics', brand: 'TestBrand' },
  ...{ weight: 1.5, dimensions: '10x20x30', customer_id: 'customer-123' },
};
const onePage = { items: [product], total: 1, page: 1, size: 10, pages: 1 };

/** What their clients ask for, in this order, and what docs/earlier-systems.md says about the answers. */
export const requestsOfEarlierClients: Record<string, Asked[]> = {
  'one Flask application': [
    crm('POST /customers', 201, { body: happy, answer: { ...happy, id: number, integration_status: 'pending' } }),
    crm('POST /customers', 409, { body: { ...happy, email: 'Happy@Example.com' }, answer: { existing_id: number } }),
    crm('POST /customers', 400, { body: { name: 'A' }, answer: { error: 'Missing required fields: email' } }),
    crm('GET /customers', 200, { answer: listOf({ ...happy, integration_status: text, created_at: text }) }),
    inventory('POST /package_requests', 201, {
      body: promotion,
      answer: { ...promotion, id: number, status: 'received' },
    }),
    inventory('POST /package_requests', 200, { body: promotion, answer: promotion }),
    inventory('POST /package_requests', 400, {
      body: {},
      answer: { error: 'Missing required fields: customer_id, package_type' },
    }),
    inventory('GET /package_requests', 200, { answer: listOf({ ...promotion, status: 'received' }) }),
  ],
  'the Express services': [
    crm('POST /customers', 201, { body: { name: 'Alice', email: 'alice@example.com' }, answer: { created_at: text } }),
    crm('POST /customers', 400, { body: {}, answer: { error: 'Missing required fields: name, email', detail: text } }),
    inventory('POST /packages', 201, {
      body: alice,
      answer: { ...alice, id: number, status: 'received', packageType: 'welcome_pack_v1', createdAt: text },
    }),
    inventory('POST /packages', 200, { body: alice, answer: alice }),
    inventory('POST /packages', 400, { body: { customerId: 1 } }),
    inventory('GET /packages', 200, { answer: listOf({ ...alice, status: 'received' }) }),
  ],
  'the CRM with leads, actions and processes': [
    crm('POST /leads/', 201, { body: { email: lead.email, name: lead.name }, answer: { ...lead, id: 1 } }),
    crm('POST /leads/', 201, { body: { ...lead, url: 'https://example.com' }, answer: { ...lead, id: 2 } }),
    crm('GET /leads/?status=new', 200, { answer: [lead, lead] }),
    crm('GET /leads/?status=old', 200, { answer: [] }),
    crm('PUT /leads/1', 200, { body: { status: 'contacted' }, answer: { ...lead, status: 'contacted' } }),
    crm('GET /leads/1', 200, { answer: { ...lead, status: 'contacted' } }),
    crm('GET /leads/999', 404, { answer: { error: 'Lead not found', detail: 'Lead not found' } }),
    crm('POST /leads/', 400, { body: { name: 'A' } }),
    crm('POST /actions/', 201, { body: email, answer: { ...email, id: 1, description: email.details } }),
    crm('POST /actions/', 201, {
      body: { lead_id: 2, action_type: 'call', description: 'Asked', timestamp: '2024-03-20 10:00:00' },
      answer: { id: 2, details: 'Asked', description: 'Asked' },
    }),
    crm('POST /actions/', 400, { body: { lead_id: 999, action_type: 'call' }, answer: { error: 'Lead not found' } }),
    crm('POST /actions/', 400, { body: { details: 'Asked' } }),
    crm('POST /actions/', 400, { body: { ...email, description: 'another' } }),
    crm('GET /actions/?action_type=email', 200, { answer: [{ ...email, id: 1 }] }),
    crm('GET /actions/?action_type=letter', 200, { answer: [] }),
    crm('GET /actions/?lead_id=2', 200, { answer: [{ id: 2 }] }),
    crm('PUT /actions/1', 200, {
      body: { details: 'Updated' },
      answer: { details: 'Updated', description: 'Updated' },
    }),
    crm('GET /actions/1', 200, { answer: { details: 'Updated', description: 'Updated' } }),
    crm('GET /processes/', 200, { answer: [] }),
    crm('POST /processes', 201, { body: { ...process, ...followUp }, answer: { ...process, ...followUp, id: 1 } }),
    crm('POST /processes', 400, { body: followUp }),
    crm('GET /processes/?status=active', 200, { answer: [{ ...process, ...followUp }] }),
    crm('GET /processes/?lead_id=2', 200, { answer: [] }),
    crm('PUT /processes/1', 200, { body: { status: 'completed' }, answer: { ...process, status: 'completed' } }),
    crm('DELETE /leads/1', 200, { answer: { message: 'Lead deleted' } }),
    crm('GET /actions/1', 200, { answer: { lead_id: null, action_type: 'email' } }),
    crm('GET /processes/1', 200, { answer: { lead_id: null, last_action_id: 1 } }),
    crm('DELETE /actions/1', 200, { answer: { message: 'Action deleted' } }),
    crm('DELETE /processes/1', 200, { answer: { message: 'Process deleted' } }),
  ],
  'the customer API': [
    crm('POST /v1/auth/login', 401, { body: { username: 'admin', password: 'secret' }, answer: { error: text } }),
    crm('GET /v1/customers/', 401),
    crm('GET /v1/customers/?page=1&size=1', 200, {
      as: 'admin',
      answer: {
        items: [{ id: 1, name: text, integration_status: text }],
        total: number,
        page: 1,
        size: 1,
        pages: number,
      },
    }),
    crm('POST /v1/customers/', 401, { body: { name: 'A', email: 'a@example.com' } }),
    crm('POST /v1/customers/', 400, { as: 'admin', body: { first_name: 'A', last_name: 'B', email: 'a@example.com' } }),
    crm('POST /v1/customers/', 201, {
      as: 'admin',
      body: { name: 'A', email: 'a@example.com' },
      answer: { id: number },
    }),
    crm('GET /v1/customers/1', 401),
    crm('GET /v1/customers/1', 200, { as: 'admin', answer: { id: 1, deleted_at: null, integration_status: text } }),
    crm('PUT /v1/customers/1', 401, { body: { name: 'Erin Example' } }),
    crm('PUT /v1/customers/1', 200, { as: 'admin', body: { name: 'Erin Example' }, answer: { name: 'Erin Example' } }),
    crm('DELETE /v1/customers/2', 204, { as: 'admin' }),
    crm('GET /v1/customers/2', 404, { as: 'admin' }),
    crm('POST /v1/customers/2/restore', 200, { as: 'admin', answer: { id: 2 } }),
    crm('GET /health', 200, { answer: { status: 'healthy', service: 'crm-service', version: text } }),
    crm('GET /metrics', 200, {
      answer: expect.stringMatching(/^request_count\{method="\w+",route="\S+",status="\d+"\} /m),
    }),
    crm('GET /metrics', 200, { answer: expect.stringMatching(/^request_latency_seconds_bucket\{/m) }),
  ],
  'the services for items': [
    inventory('POST /api/v1/items/', 201, { body: product, answer: { ...product, id: 1 } }),
    inventory('POST /api/v1/items/', 409, {
      body: product,
      answer: { detail: expect.stringContaining('already exists') },
    }),
    inventory('POST /api/v1/items/', 400, { body: { ...product, price: 9.999 } }),
    inventory('POST /api/v1/items/', 201, {
      body: { name: 'N'.repeat(255), sku: 'TEST-002', price: 10, is_active: false },
    }),
    inventory('GET /api/v1/items/1', 200, { answer: product }),
    inventory('GET /api/v1/items/999', 404, { answer: { detail: 'Item not found' } }),
    inventory('GET /api/v1/items/?name=test&category=electronics&is_active=true', 200, { answer: onePage }),
    inventory('GET /api/v1/items/?min_price=90&max_price=100&min_quantity=1&max_quantity=100', 200, {
      answer: onePage,
    }),
    inventory('GET /api/v1/items/?customer_id=customer-123&page=1&size=10', 200, { answer: onePage }),
    inventory('GET /api/v1/items/?category=NonExistent', 200, { answer: { items: [], total: 0 } }),
    inventory('GET /api/v1/items/customer/customer-123', 200, { answer: [product] }),
    inventory('PATCH /api/v1/items/1/quantity?quantity_change=50', 200, { answer: { quantity: 150 } }),
    inventory('PATCH /api/v1/items/1/quantity?quantity_change=-25', 200, { answer: { quantity: 125 } }),
    inventory('PATCH /api/v1/items/1/quantity?quantity_change=-200', 409, {
      answer: { detail: 'Insufficient quantity in stock: 125 available, 200 requested' },
    }),
    inventory('PATCH /api/v1/items/1/quantity?quantity_change=1000', 409),
    inventory('GET /api/v1/items/low-stock/?threshold=125', 200, { answer: listOf({ sku: 'TEST-001' }) }),
    inventory('GET /api/v1/items/low-stock/', 200, { answer: expect.any(Array) }),
    inventory('PUT /api/v1/items/1', 200, {
      body: { name: 'Updated Product', price: 199.99 },
      answer: { price: 199.99 },
    }),
    crm('GET /api/v1/customers/my-items', 401),
    crm('GET /api/v1/customers/my-items/1', 403, { as: 'customer' }),
    crm('GET /api/v1/customers/my-items/999', 404, { as: 'customer' }),
    inventory('PUT /api/v1/items/1', 200, { body: { customer_id: '1' }, answer: { customer_id: 1 } }),
    crm('GET /api/v1/customers/my-items', 200, {
      as: 'customer',
      answer: { items: [{ id: 1 }], total: 1, customer_id: 1 },
    }),
    crm('GET /api/v1/customers/my-items/1', 200, { as: 'customer', answer: { sku: 'TEST-001', price: 199.99 } }),
    crm('GET /api/v1/customers/my-items/search/?name=updated&category=Electronics', 200, {
      as: 'customer',
      answer: { items: [{ id: 1 }], total: 1 },
    }),
    inventory('DELETE /api/v1/items/1', 204),
    inventory('GET /api/v1/items/1', 404),
    crm('POST /v1/auth/login', 200, {
      body: { email: 'erin@example.com', password: 'correct horse battery staple' },
      answer: { access_token: text, token_type: 'Bearer', expires_in: 3600 },
    }),
    crm('GET /', 200, { answer: { message: text, version: text, docs: '/docs' } }),
    inventory('GET /', 200, { answer: { message: text, version: text, docs: '/docs' } }),
    inventory('GET /health', 200, { answer: { status: 'healthy', service: 'inventory-service', checks: {} } }),
  ],
};
