import { createTokens } from '@doorstep/kit/auth.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPackage, startTestInventory, type TestInventory } from './start.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';

describe('the Inventory with REQUIRE_AUTH=true', () => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory('sqlite', { REQUIRE_AUTH: 'true', JWT_SECRET_KEY });
    await callAs('admin', 'POST /packages', aPackage());
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const callAs = async (role: string, request: string, body?: unknown) => {
    const token = await createTokens(JWT_SECRET_KEY).sign({ subject: '1', role }, 60);
    return call(inventory, request, { headers: { Authorization: `Bearer ${token}` }, body });
  };

  const routes: [request: string, body: (() => unknown) | undefined, done: number][] = [
    ['POST /packages', aPackage, 201],
    ['GET /packages', undefined, 200],
    ['GET /packages/1', undefined, 200],
    ['POST /packages/batch', () => ({ packages: [aPackage()] }), 200],
    ['POST /package_requests', () => ({ customer_id: aPackage().customerId, package_type: 'a' }), 201],
    ['GET /package_requests', undefined, 200],
  ];
  describe.each(routes)('opens %s', (request, body, done) => {
    it.each([
      ['admin', done],
      ['service', done],
      ['customer', 403],
    ])('to who may, as %s: %i', async (role, status) => {
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
