import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anItem, aPackage, startTestInventory, type TestInventory } from './start.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';

describe('the Inventory with REQUIRE_AUTH=true', () => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory('sqlite', { REQUIRE_AUTH: 'true', JWT_SECRET_KEY });
    await callAs('admin', 'POST /packages', aPackage());
    for (let count = 1; count <= 2; count += 1) await callAs('admin', 'POST /api/v1/items', anItem());
    for (const type of ['set', 'old']) await callAs('admin', `PUT /api/v1/kits/${type}`, aKit());
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const callAs = async (role: string, request: string, body?: unknown) => {
    const token = await createTokens(JWT_SECRET_KEY).sign({ subject: '1', role }, 86_400);
    return call(inventory, request, { headers: { Authorization: `Bearer ${token}` }, body });
  };

  const aKit = () => ({ items: [{ item_id: 1, quantity: 1 }] });
  const routes: [request: string, body: (() => unknown) | undefined, asAdmin: number, asService: number][] = [
    ['POST /packages', aPackage, 201, 201],
    ['GET /packages', undefined, 200, 200],
    ['GET /packages/1', undefined, 200, 200],
    ['GET /packages/1/items', undefined, 200, 200],
    ['PATCH /packages/1', () => ({ status: 'packed' }), 200, 403],
    ['POST /packages/batch', () => ({ packages: [aPackage()] }), 200, 200],
    ['POST /package_requests', () => ({ customer_id: aPackage().customerId, package_type: 'a' }), 201, 201],
    ['GET /package_requests', undefined, 200, 200],
    ['POST /api/v1/items', anItem, 201, 403],
    ['POST /api/v1/items/', anItem, 201, 403],
    ['GET /api/v1/items', undefined, 200, 200],
    ['GET /api/v1/items/1', undefined, 200, 200],
    ['PUT /api/v1/items/1', () => ({ price: 13 }), 200, 403],
    ['DELETE /api/v1/items/2', undefined, 204, 403],
    ['PATCH /api/v1/items/1/quantity', () => ({ quantity_change: 1 }), 200, 403],
    ['GET /api/v1/items/1/movements', undefined, 200, 403],
    ['GET /api/v1/items/customer/1', undefined, 200, 200],
    ['GET /api/v1/items/low-stock', undefined, 200, 200],
    ['GET /api/v1/kits', undefined, 200, 403],
    ['GET /api/v1/kits/set', undefined, 200, 403],
    ['PUT /api/v1/kits/new', aKit, 201, 403],
    ['DELETE /api/v1/kits/old', undefined, 204, 403],
  ];
  describe.each(routes)('opens %s', (request, body, asAdmin, asService) => {
    it.each([
      ['admin', asAdmin],
      ['service', asService],
      ['customer', 403],
    ])('to the roles that are allowed; %s: %i', async (role, status) => {
      expect((await callAs(role, request, body?.())).status).toBe(status);
    });

    it('to nobody without a token', async () => {
      const answer = await call(inventory, request, { body: body?.() });

      expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
    });
  });

  it.each(['/', '/health', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs/'])(
    'leaves %s open',
    async (path) => {
      expect((await call(inventory, `GET ${path}`)).status).toBe(200);
    },
  );
});
