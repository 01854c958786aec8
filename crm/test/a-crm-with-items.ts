import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { readCrmConfig } from '../src/config.ts';
import { startCrm } from '../src/crm.ts';
import { anInventory } from './an-inventory.ts';
import { addCustomer, crmEnvironment, databaseWithAdmin } from './start.ts';

export const itemsKey = { JWT_SECRET_KEY: 'a key of no less than 32 bytes here' };
const itemsPath = '/api/v1/customers/my-items';

/** Asks for that customer's items. */
export async function askAs(crm: { url: string }, { id }: { id: number }, rest = '', headers = {}): Promise<Answer> {
  const claims = { subject: String(id), role: 'customer', version: 1 };
  const token = await createTokens(itemsKey.JWT_SECRET_KEY).sign(claims, 86_400);
  return call(crm, `GET ${itemsPath}${rest}`, { headers: { Authorization: `Bearer ${token}`, ...headers } });
}

/** A CRM with two customers, each of whom has three items in a played Inventory, as nobody has. */
export async function startCrmWithItems() {
  await using resources = new AsyncDisposableStack();
  const inventory = resources.use(await anInventory(itemsKey.JWT_SECRET_KEY));
  const database = resources.use(await databaseWithAdmin('sqlite'));
  const environment = { ...itemsKey, INVENTORY_SERVICE_URL: inventory.url };
  const config = readCrmConfig(crmEnvironment(database, environment));
  let monotonicMs = 0;
  const clock = { now: () => new Date(), monotonicMs: () => monotonicMs };
  // each 503 is an error to it
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
    /** Asks as Alice. */
    ask,
    /** Moves the clock by which the breaker waits. */
    advance(byMs: number) {
      monotonicMs += byMs;
    },
    /** Both are well, know it, and have forgotten what was. */
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
