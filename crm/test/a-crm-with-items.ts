import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { readCrmConfig } from '../src/config.ts';
import { startCrm } from '../src/crm.ts';
import { anInventory } from './an-inventory.ts';
import { addCustomer, crmEnvironment, databaseWithAdmin } from './start.ts';

export const itemsKey = { JWT_SECRET_KEY: 'a key of no less than 32 bytes here' };
const itemsPath = '/api/v1/customers/my-items';

/** Requests items with a token of this customer. */
export async function askAs(crm: { url: string }, { id }: { id: number }, rest = '', headers = {}): Promise<Answer> {
  const claims = { subject: String(id), role: 'customer', version: 1 };
  const token = await createTokens(itemsKey.JWT_SECRET_KEY).sign(claims, 86_400);
  return call(crm, `GET ${itemsPath}${rest}`, { headers: { Authorization: `Bearer ${token}`, ...headers } });
}

/** A CRM with two customers and a fake Inventory, which has three items of each customer and three of none. */
export async function startCrmWithItems() {
  await using resources = new AsyncDisposableStack();
  const inventory = resources.use(await anInventory(itemsKey.JWT_SECRET_KEY));
  const database = resources.use(await databaseWithAdmin('sqlite'));
  const environment = { ...itemsKey, INVENTORY_SERVICE_URL: inventory.url };
  const config = readCrmConfig(crmEnvironment(database, environment));
  let monotonicMs = 0;
  const clock = { now: () => new Date(), monotonicMs: () => monotonicMs };
  // the CRM logs each 503 as an error
  const log = { ...config.log, level: 'silent' };
  const { url } = resources.use(await startCrm({ ...config, log }, { clock }));
  const [alice, bob] = [await addCustomer({ url }), await addCustomer({ url })];
  for (const customer_id of [alice.id, bob.id, null]) {
    inventory.add({ customer_id, name: 'Tea cup', category: 'Tea', brand: 'Ü&Ö' });
    inventory.add({ customer_id, name: 'Tea pot', category: 'Tea' });
    inventory.add({ customer_id, name: 'Spoon', category: 'Cutlery', brand: 'Ü&Ö' });
  }
  const owned = resources.move();
  const ask = (rest = '', headers = {}) => askAs({ url }, alice, rest, headers);
  return {
    url,
    inventory,
    alice,
    bob,
    /** Requests items as Alice. */
    ask,
    /** Advances the breaker's clock. */
    advance(byMs: number) {
      monotonicMs += byMs;
    },
    /** Brings the Inventory back, closes the breaker and clears the recorded requests. */
    async recover() {
      await inventory.recover();
      await eventually(async () => {
        monotonicMs += 5_000;
        const { status } = await ask();
        if (status !== 200) throw new Error(`my items are answered with ${status}`);
      });
      inventory.takeRequests();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export type CrmWithItems = Awaited<ReturnType<typeof startCrmWithItems>>;
