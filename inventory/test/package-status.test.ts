import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackageStatus, packageStatus } from '../src/package.ts';
import { changeStatus, makePackage, readPackage, statusesOf } from './packaging.ts';
import {
  addItem,
  aPackage,
  makeKit,
  postPackage,
  readItem,
  readMovements,
  startTestInventory,
  type TestInventory,
} from './start.ts';

/** The status changes that lead a new package there. */
const ways: Record<PackageStatus, PackageStatus[]> = {
  backordered: [],
  received: [],
  packed: ['packed'],
  shipped: ['packed', 'shipped'],
  delivered: ['packed', 'shipped', 'delivered'],
  cancelled: ['cancelled'],
};

describe.each(databases)('the status of a package on %s', (kind) => {
  let inventory: TestInventory;
  let untouched: number;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    untouched = await make();
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const move = (id: number, status: unknown) => changeStatus(inventory, id, status);
  const make = async (type = 'without a kit') => (await makePackage(inventory, type)).id;
  const statusOf = async (id: number) => (await readPackage(inventory, id)).status;
  const stockOf = async (id: number) => (await readItem(inventory, id)).quantity;

  async function makeIn(status: PackageStatus, type?: string): Promise<number> {
    const id = await make(type);
    for (const next of ways[status]) await move(id, next);
    expect(await statusOf(id)).toBe(status);
    return id;
  }

  it.each<[from: PackageStatus, to: PackageStatus[]]>([
    ['backordered', ['cancelled']],
    ['received', ['packed', 'cancelled']],
    ['packed', ['shipped', 'cancelled']],
    ['shipped', ['delivered']],
    ['delivered', []],
    ['cancelled', ['received']],
  ])('changes from %s only to %j', async (from, allowed) => {
    const item = await addItem(inventory, { quantity: from === 'backordered' ? 0 : 3 });
    const type = await makeKit(inventory, [{ item_id: item.id, quantity: 1 }]);

    const id = await makeIn(from, type);
    const before = await readPackage(inventory, id);

    for (const to of packageStatus.options.filter((status) => !allowed.includes(status))) {
      expect([to, (await move(id, to)).status]).toEqual([to, 409]);
    }
    expect(await readPackage(inventory, id)).toEqual(before);

    for (const to of allowed) {
      const other = await makeIn(from, type);
      const { status, body } = await move(other, to);
      expect([status, body]).toEqual([
        200,
        { ...before, id: other, customerId: body.customerId, createdAt: body.createdAt, status: to },
      ]);
      expect(await readPackage(inventory, other)).toEqual(body);
    }
  });

  it.each([
    ['received', 'received', 'The package is already received'],
    ['received', 'shipped', 'A received package cannot become shipped; it can only become packed or cancelled'],
    ['delivered', 'cancelled', 'A delivered package cannot become cancelled; its status is final'],
    ['shipped', 'cancelled', 'A shipped package cannot become cancelled; it can only become delivered'],
  ] as const)('explains why it cannot change from %s to %s', async (from, to, detail) => {
    const id = await makeIn(from);

    expect(await move(id, to)).toMatchObject({ status: 409, body: { title: 'Conflict', detail } });
  });

  it.each([
    ['nothing', {}, 'Missing required fields: status'],
    ['null', { status: null }, 'Missing required fields: status'],
    ['an empty text', { status: '' }, 'Missing required fields: status'],
    ['an unknown one', { status: 'lost' }, /^status must be one of backordered, received, packed, shipped, /],
    ['one in capitals', { status: 'PACKED' }, /^status must be one of /],
    ['several', { status: ['packed'] }, /^status must be one of /],
    ['the name of a method', { status: 'toString' }, /^status must be one of /],
    ['a list', [{ status: 'packed' }], 'The request body must be a JSON object'],
  ])('stays unchanged when the request names %s', async (_, body, detail) => {
    const answer = await call(inventory, `PATCH /packages/${untouched}`, { body });

    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(detail)]);
    expect(await statusOf(untouched)).toBe('received');
  });

  it.each([
    ['999999999', 404, 'Package not found'],
    ['99999999999999999999999', 404, 'Package not found'],
    ['0', 400, 'id must be a positive integer'],
    ['abc', 400, 'id must be a positive integer'],
  ])('cannot be changed under the id %s', async (id, expected, detail) => {
    const { status, body } = await call(inventory, `PATCH /packages/${id}`, { body: { status: 'packed' } });

    expect([status, body.detail]).toEqual([expected, detail]);
  });

  it('is returned to a second request for the package', async () => {
    const given = aPackage();
    const { body: made } = await postPackage(inventory, given);
    await move(made.id, 'cancelled');

    expect(await postPackage(inventory, given)).toMatchObject({ status: 200, body: { ...made, status: 'cancelled' } });
  });

  it('is cancelled by one of ten concurrent requests, and the items come back once', async () => {
    const { id: itemId } = await addItem(inventory, { quantity: 10 });
    const id = await make(await makeKit(inventory, [{ item_id: itemId, quantity: 4 }]));

    const answers = await Promise.all(Array.from({ length: 10 }, () => move(id, 'cancelled')));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    expect(await stockOf(itemId)).toBe(10);
    expect((await readMovements(inventory, itemId)).map(({ change }) => change)).toEqual([10, -4, 4]);
  });

  it('becomes either cancelled or shipped by concurrent requests, and shipped items stay out of stock', async () => {
    const { id: itemId } = await addItem(inventory, { quantity: 6 });
    const type = await makeKit(inventory, [{ item_id: itemId, quantity: 1 }]);
    const ids = await Promise.all(Array.from({ length: 6 }, () => makeIn('packed', type)));

    await Promise.all(
      ids.flatMap((id, index) => {
        const [one, other] = index % 2 ? ['cancelled', 'shipped'] : ['shipped', 'cancelled'];
        return [move(id, one), move(id, other)];
      }),
    );

    const statuses = await statusesOf(
      inventory,
      ids.map((id) => ({ id })),
    );
    const cancelled = statuses.filter((status) => status === 'cancelled').length;
    expect(statuses.filter((status) => status === 'shipped')).toHaveLength(6 - cancelled);
    expect(await stockOf(itemId)).toBe(cancelled);
  });

  it('keeps the stock exact while packages are cancelled and a hundred are created', async () => {
    const { id: itemId } = await addItem(inventory, { quantity: 50 });
    const type = await makeKit(inventory, [{ item_id: itemId, quantity: 1 }]);
    const early = await Promise.all(Array.from({ length: 10 }, () => make(type)));

    const [late] = await Promise.all([
      Promise.all(Array.from({ length: 100 }, () => make(type))),
      Promise.all(early.map((id) => move(id, 'cancelled'))),
    ]);

    const inOrder = late.toSorted((a, b) => a - b).map((id) => ({ id }));
    const statuses = await statusesOf(inventory, inOrder);
    expect(statuses).toEqual([...Array(50).fill('received'), ...Array(50).fill('backordered')]);
    expect(await stockOf(itemId)).toBe(0);
    const movements = await readMovements(inventory, itemId);
    expect(movements.reduce((sum, { change }) => sum + change, 0)).toBe(0);
    expect(movements.filter(({ reason }) => reason === 'cancelled')).toHaveLength(10);
  });
});
