import { randomUUID } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import fc from 'fast-check';
import type { Item } from '../src/item.ts';
import type { KitItem } from '../src/kit.ts';
import type { Movement } from '../src/movement.ts';
import type { WelcomePackage } from '../src/package.ts';
import { contentOf } from './packaging.ts';
import { addItem, anItem, aPackage, makeKit, readMovements } from './start.ts';

type Service = { url: string };

/** Selects one of the items, types, customers or packages that exist by then. */
const which = fc.nat(60);
const content = fc.array(fc.tuple(which, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 3 });

/** The requests that a client may send. */
const command = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add'), quantity: fc.nat(6) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('change'), item: which, by: fc.integer({ min: -5, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('set'), item: which, to: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('put item'), item: which, to: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete item'), item: which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('put kit'), type: which, content }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete kit'), type: which }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('package'), type: which, customer: which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('batch'),
      type: which,
      customers: fc.array(which, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('cancel'), package: which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reinstate'), package: which }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('move'), package: which, to: fc.constantFrom('packed', 'shipped') }),
  },
);

export type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Waves run one after the other; the requests of one wave are concurrent. */
export const waves = fc.array(fc.array(command, { minLength: 6, maxLength: 16 }), { minLength: 4, maxLength: 8 });

type World = { added: Item[]; types: string[]; customers: number[]; packages: number[] };
type Sent = {
  kind: Command['kind'];
  item: number | undefined;
  by: number | undefined;
  reason: string;
  status: number;
  /** The packages that the answer shows. */
  packages: WelcomePackage[];
};

/** The final state, and the responses on the way. */
export type Outcome = {
  /** As added; some may have been deleted since. */
  added: Item[];
  /** Of the items that still exist. */
  stocks: Map<number, number>;
  movements: Map<number, Movement[]>;
  packages: (WelcomePackage & { content: KitItem[] })[];
  /** By package type. */
  kits: Map<string, KitItem[]>;
  sent: Sent[];
};

/** Sends all requests, with new items, types and customers. */
export async function perform(inventory: Service, waves: Command[][]): Promise<Outcome> {
  const world = await createWorld(inventory);
  const sent: Sent[] = [];
  const send = async (command: Command, reason: string) => {
    const { request, item, body } = requestOf(world, command, reason);
    // twice with one key, as a client does that has lost the first answer
    const headers = { 'Idempotency-Key': randomUUID() };
    const options = { body, ...(command.kind === 'change' && { headers }) };
    const [answer] = await Promise.all([
      call(inventory, request, options),
      command.kind === 'change' && call(inventory, request, options),
    ]);
    const by = command.kind === 'change' ? command.by : undefined;
    const packages = answer.status < 300 ? packagesIn(command, answer.body) : [];
    sent.push({ kind: command.kind, item, by, reason, status: answer.status, packages });
    if (answer.status < 300 && command.kind === 'add') world.added.push(answer.body);
    world.packages.push(...packages.map(({ id }) => id));
  };
  for (const [index, wave] of waves.entries()) {
    await Promise.all(wave.map((command, place) => send(command, `asked in wave ${index} at ${place}`)));
  }
  return { added: world.added, sent, ...(await readAll(inventory, world)) };
}

// biome-ignore lint/suspicious/noExplicitAny: the answers of different routes
function packagesIn({ kind }: Command, body: any): WelcomePackage[] {
  if (kind === 'batch') return body.results.map((result: { package: WelcomePackage }) => result.package);
  return kind === 'package' || kind === 'reinstate' ? [body] : [];
}

async function createWorld(inventory: Service): Promise<World> {
  const added = [
    await addItem(inventory, { quantity: 6 }),
    await addItem(inventory, { quantity: 3, max_quantity: 12 }),
    await addItem(inventory, { quantity: 0 }),
  ];
  const [mug, tea, card] = added.map(({ id }) => ({ item_id: id, quantity: 1 })) as [KitItem, KitItem, KitItem];
  const types = [
    await makeKit(inventory, [mug]),
    await makeKit(inventory, [mug, { ...tea, quantity: 2 }]),
    await makeKit(inventory, [tea, card]),
  ];
  return {
    added,
    types: [...types, `${types[0]} without one`],
    customers: Array.from({ length: 20 }, () => aPackage().customerId),
    packages: [],
  };
}

function requestOf({ added, types, customers, packages }: World, command: Command, reason: string) {
  const itemAt = (place: number) => added[place % added.length]?.id ?? 0;
  const typeAt = (place: number) => types[place % types.length] ?? '';
  const aPackageOf = (type: number, customer: number) => {
    return aPackage({ packageType: typeAt(type), customerId: customers[customer % customers.length] });
  };
  const item = 'item' in command ? itemAt(command.item) : undefined;
  const kit = 'type' in command ? `/api/v1/kits/${encodeURIComponent(typeAt(command.type))}` : '';
  const aPackageId = 'package' in command ? (packages[command.package % packages.length] ?? 999_999_999) : 0;
  switch (command.kind) {
    case 'add':
      return { request: 'POST /api/v1/items', body: anItem({ quantity: command.quantity }) };
    case 'change':
      return { request: `PATCH /api/v1/items/${item}/quantity`, item, body: { quantity_change: command.by, reason } };
    case 'set':
      return { request: `PATCH /api/v1/items/${item}/quantity`, item, body: { quantity: command.to } };
    case 'put item':
      return { request: `PUT /api/v1/items/${item}`, item, body: { quantity: command.to } };
    case 'delete item':
      return { request: `DELETE /api/v1/items/${item}`, item };
    case 'put kit': {
      const quantities = new Map(command.content.map(([place, quantity]) => [itemAt(place), quantity]));
      return {
        request: `PUT ${kit}`,
        body: { items: [...quantities].map(([item_id, quantity]) => ({ item_id, quantity })) },
      };
    }
    case 'delete kit':
      return { request: `DELETE ${kit}` };
    case 'package':
      return { request: 'POST /packages', body: aPackageOf(command.type, command.customer) };
    case 'batch': {
      const asked = command.customers.map((customer, place) => aPackageOf(command.type + (place % 2), customer));
      return { request: 'POST /packages/batch', body: { packages: asked } };
    }
    case 'cancel':
      return { request: `PATCH /packages/${aPackageId}`, body: { status: 'cancelled' } };
    case 'reinstate':
      return { request: `PATCH /packages/${aPackageId}`, body: { status: 'received' } };
    case 'move':
      return { request: `PATCH /packages/${aPackageId}`, body: { status: command.to } };
  }
}

async function readAll(inventory: Service, { added, types, customers }: World) {
  const read = async (path: string) => (await call(inventory, `GET ${path}`)).body;
  const packages: WelcomePackage[] = await read(`/packages?customerId=${customers}`);
  const present: Item[] = (await Promise.all(added.map(({ id }) => read(`/api/v1/items/${id}`)))).filter(
    ({ id }) => id,
  );
  const kits = await Promise.all(types.map((type) => read(`/api/v1/kits/${encodeURIComponent(type)}`)));
  return {
    stocks: new Map(present.map(({ id, quantity }) => [id, quantity])),
    movements: new Map(
      await Promise.all(added.map(async ({ id }) => [id, await readMovements(inventory, id)] as const)),
    ),
    packages: await Promise.all(packages.map(async (one) => ({ ...one, content: await contentOf(inventory, one.id) }))),
    kits: new Map<string, KitItem[]>(
      kits.filter(({ items }) => items).map(({ package_type, items }) => [package_type, items]),
    ),
  };
}
