import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { startCrm } from '@doorstep/crm/src/crm.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { startInventory } from '@doorstep/inventory/src/inventory.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';

const ADMIN_PASSWORD = 'correct horse battery';
const password = 'staple correct horse';

/** Starts a CRM and an Inventory that require tokens, with two customers who can log in. */
async function startBoth(kind: (typeof databases)[number]) {
  await using resources = new AsyncDisposableStack();
  const { url, dataDir } = resources.use(await freshDatabase(kind));
  const settings = {
    ...(kind === 'postgres' && { DATABASE_URL: url }),
    ...{ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error', REQUIRE_AUTH: 'true', ADMIN_PASSWORD },
  };
  const inventory = resources.use(await startedPatiently(() => startInventory(readInventoryConfig(settings))));
  const crm = resources.use(
    await startedPatiently(() => startCrm(readCrmConfig({ ...settings, INVENTORY_SERVICE_URL: inventory.url }))),
  );
  const logIn = async (body: object) => {
    const answer = await call(crm, 'POST /v1/auth/login', { body });
    return { Authorization: `Bearer ${answer.body.access_token}` };
  };
  const admin = await logIn({ username: 'admin', password: ADMIN_PASSWORD });
  for (const email of ['alice@example.com', 'bob@example.com']) {
    await call(crm, 'POST /v1/customers', { headers: admin, body: { name: 'A', email, password } });
  }
  const addItem = async (body: object) => call(inventory, 'POST /api/v1/items/', { headers: admin, body });
  await addItem({ name: 'Tea pot', sku: 'a', price: 30, cost: 12, category: 'Tea', customer_id: 1 });
  await addItem({ name: 'Spoon', sku: 'b', price: 3.1, cost: 1, category: 'Cutlery', customer_id: 1 });
  await addItem({ name: 'Tea cup', sku: 'c', price: 5, category: 'Tea', customer_id: 2 });
  await addItem({ name: 'Old tea pot', sku: 'd', price: 9, category: 'Tea', customer_id: 1, is_active: false });
  const alice = await logIn({ email: 'alice@example.com', password });
  const owned = resources.move();
  return {
    askAsAlice: (rest: string) => call(crm, `GET /api/v1/customers/my-items${rest}`, { headers: alice }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe.each(databases)('items of a customer, in the Inventory on %s', (kind) => {
  it('are shown by the CRM to that customer only', async () => {
    await using both = await startBoth(kind);

    const [all, found, one, other, inactive] = await Promise.all(
      ['', '/search/?name=TEA&category=tea', '/2', '/3', '/4'].map(both.askAsAlice),
    );

    expect(all?.body).toMatchObject({
      items: [
        { id: 1, price: 30 },
        { id: 2, price: 3.1 },
      ],
      total: 2,
      customer_id: 1,
    });
    expect(found?.body).toMatchObject({ items: [{ name: 'Tea pot' }], total: 1 });
    expect(one?.body).toMatchObject({ name: 'Spoon', quantity: 0, is_active: true });
    expect([other?.status, inactive?.status]).toEqual([403, 404]);
    expect(JSON.stringify([all?.body, found?.body, one?.body])).not.toMatch(/"(cost|min_quantity|max_quantity)"/);
  });
});
