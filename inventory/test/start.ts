import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { copiesOf, type DatabaseKind, type FreshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { readInventoryConfig } from '../src/config.ts';
import { startInventory } from '../src/inventory.ts';
import type { Item } from '../src/item.ts';
import type { Movement } from '../src/movement.ts';
import type { WelcomePackage } from '../src/package.ts';

type Environment = Record<string, string>;
type Service = { url: string };

/** The environment of an Inventory on that database, in this process or a separate one. */
export function inventoryEnvironment({ url, dataDir }: FreshDatabase, environment: Environment = {}): Environment {
  return { DATABASE_URL: url, DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error', ...environment };
}

const migratedDatabase = copiesOf(async (fresh) => {
  await using _ = await startInventoryOn(fresh);
});

/** An Inventory on a new database; disposing it removes both. */
export async function startTestInventory(kind: DatabaseKind, environment: Environment = {}) {
  await using resources = new AsyncDisposableStack();
  const database = resources.use(await migratedDatabase(kind));
  const { url } = resources.use(await startInventoryOn(database, environment));
  const owned = resources.move();
  return { url, database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export type TestInventory = Awaited<ReturnType<typeof startTestInventory>>;

export function startInventoryOn(database: FreshDatabase, environment: Environment = {}): Promise<Running> {
  const config = readInventoryConfig(inventoryEnvironment(database, environment));
  return startedPatiently(() => startInventory(config));
}

let customers = 0;

/** A request for a package, by default for a new customer. */
export function aPackage(overrides: Record<string, unknown> = {}) {
  customers += 1;
  return { customerId: customers, customerName: 'Alice Example', ...overrides };
}

export function postPackage(inventory: Service, body: unknown, idempotencyKey?: string) {
  const headers = { ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }) };
  return call(inventory, 'POST /packages', { body, headers });
}

/** Every package, read page by page; with `customerId` only those of that customer. */
export async function readPackages(inventory: Service, customerId?: number, after = 0): Promise<WelcomePackage[]> {
  const filter = customerId === undefined ? '' : `&customerId=${customerId}`;
  const { body } = await call(inventory, `GET /packages?after=${after}${filter}`);
  const last = body.at(-1)?.id;
  return last === undefined ? [] : [...body, ...(await readPackages(inventory, customerId, last))];
}

let skus = 0;

/** An item to add, with a new sku. */
export function anItem(overrides: Record<string, unknown> = {}) {
  skus += 1;
  return { name: 'Mug', sku: `SKU-${skus}`, price: 12.5, quantity: 10, ...overrides };
}

/** Adds an item and returns the response body. */
export async function addItem(inventory: Service, overrides: Record<string, unknown> = {}): Promise<Item> {
  const { status, body } = await call(inventory, 'POST /api/v1/items/', { body: anItem(overrides) });
  if (status !== 201) throw new Error(`the item was answered with ${status}: ${body.detail}`);
  return body;
}

export async function readItem(inventory: Service, id: number): Promise<Item> {
  return (await call(inventory, `GET /api/v1/items/${id}`)).body;
}

export function changeQuantity(inventory: Service, id: number, body: unknown) {
  return call(inventory, `PATCH /api/v1/items/${id}/quantity`, { body });
}

let types = 0;

/** Creates a kit of these items, for a new package type or the given one; returns the type. */
export async function makeKit(
  inventory: Service,
  items: { item_id: number; quantity: number }[],
  type?: string,
): Promise<string> {
  types += 1;
  const packageType = type ?? `kit ${types}`;
  const { status } = await call(inventory, `PUT /api/v1/kits/${encodeURIComponent(packageType)}`, { body: { items } });
  if (status !== 201 && status !== 200) throw new Error(`the kit was answered with ${status}`);
  return packageType;
}

/** Every movement of an item, oldest first. */
export async function readMovements(inventory: Service, id: number, after = 0): Promise<Movement[]> {
  const { body } = await call(inventory, `GET /api/v1/items/${id}/movements?after=${after}`);
  const last = body.at(-1)?.id;
  return last === undefined ? [] : [...body, ...(await readMovements(inventory, id, last))];
}
