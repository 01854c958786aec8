import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kit } from '../src/kit.ts';
import { changeStatus } from './packaging.ts';
import { addItem, aPackage, makeKit, postPackage, startTestInventory, type TestInventory } from './start.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(databases)('kits on %s', (kind) => {
  let inventory: TestInventory;
  let mug: number;
  let tea: number;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    mug = (await addItem(inventory)).id;
    tea = (await addItem(inventory)).id;
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const pathOf = (type: string) => `/api/v1/kits/${encodeURIComponent(type)}`;
  const put = (type: string, items: unknown) => call(inventory, `PUT ${pathOf(type)}`, { body: { items } });
  const get = (type: string) => call(inventory, `GET ${pathOf(type)}`);
  const remove = (type: string) => call(inventory, `DELETE ${pathOf(type)}`);
  const one = (item_id: number, quantity = 1) => ({ item_id, quantity });

  it('list their items in id order', async () => {
    const { status, headers, body } = await put('made', [one(tea, 2), one(mug)]);

    expect([status, headers.get('Location')]).toEqual([201, '/api/v1/kits/made']);
    expect(body).toStrictEqual({
      id: expect.any(Number),
      package_type: 'made',
      items: [one(mug), one(tea, 2)],
      updated_at: expect.stringMatching(isoTime),
    });
    expect(await get('made')).toMatchObject({ status: 200, body });
  });

  it('are replaced as a whole', async () => {
    const first = await put('replaced', [one(mug), one(tea, 2)]);

    const { status, headers, body } = await put('replaced', [one(tea, 3)]);

    expect([status, headers.get('Location')]).toEqual([200, null]);
    expect(body).toMatchObject({ id: first.body.id, package_type: 'replaced', items: [one(tea, 3)] });
    expect(body.updated_at >= first.body.updated_at).toBe(true);
    expect((await get('replaced')).body).toEqual(body);
  });

  it('stay the same after a second PUT', async () => {
    const first = await put('twice', [one(mug)]);
    const second = await put('twice', [one(mug)]);

    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual({ ...first.body, updated_at: second.body.updated_at });
  });

  it('disappear when they are deleted, and can be created again', async () => {
    const { body: first } = await put('deleted', [one(mug)]);

    expect(await remove('deleted')).toMatchObject({ status: 204, body: '' });
    expect(await get('deleted')).toMatchObject({ status: 404, body: { detail: 'Kit not found' } });
    expect(await remove('deleted')).toMatchObject({ status: 404, body: { detail: 'Kit not found' } });
    const again = await put('deleted', [one(tea)]);
    expect([again.status, again.body.items]).toEqual([201, [one(tea)]]);
    expect(again.body.id).toBeGreaterThan(first.id);
  });

  it('are read page by page along the links', async () => {
    for (const type of ['listed 1', 'listed 2', 'listed 3']) await put(type, [one(mug), one(tea)]);
    const listed: Kit[] = (await call(inventory, 'GET /api/v1/kits/')).body;

    const pages: Kit[][] = [];
    for (let path: string | undefined = '/api/v1/kits?limit=2'; path; ) {
      const { headers, body } = await call(inventory, `GET ${path}`);
      pages.push(body);
      path = /^<(.*)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
    }

    expect(pages.flat()).toEqual(listed);
    expect(pages.slice(0, -1).filter(({ length }) => length !== 2)).toEqual([]);
    expect(listed.map(({ id }) => id)).toEqual(listed.map(({ id }) => id).sort((a, b) => a - b));
    const last = listed.filter(({ package_type }) => package_type.startsWith('listed'));
    expect(last).toHaveLength(3);
    for (const { package_type, ...kit } of last)
      expect((await get(package_type)).body).toEqual({ package_type, ...kit });
  });

  it.each([
    ['a/b'],
    ['/'],
    ['../..'],
    ['a+b'],
    ['a?b#c&d=e'],
    ['%2F'],
    ["Ñandú's; -- 李"],
    ['🎁'.repeat(100)],
    ['__proto__'],
  ])('apply to packages of the type %j', async (type) => {
    const { status, headers, body } = await put(type, [one(mug, 1000)]);
    const location = headers.get('Location') ?? '';

    expect([status, body.package_type]).toEqual([201, type]);
    expect((await call(inventory, `GET ${location}`)).body).toEqual(body);
    const waiting = (await postPackage(inventory, aPackage({ packageType: type }))).body;
    expect(waiting.status).toBe('backordered');
    await changeStatus(inventory, waiting.id, 'cancelled');
    expect((await call(inventory, `DELETE ${location}/`)).status).toBe(204);
    expect((await get(type)).status).toBe(404);
  });

  it('of types that differ in case or an accent are separate', async () => {
    for (const [index, type] of ['café', 'CAFÉ', 'cafe'].entries()) {
      expect((await put(type, [one(mug, index + 1)])).status).toBe(201);
    }

    expect((await get('cafe\u0301')).body.items).toEqual([one(mug, 1)]);
    expect((await get('  cafe ')).body.items).toEqual([one(mug, 3)]);
  });

  it('cannot contain deleted items', async () => {
    const { id } = await addItem(inventory);
    await call(inventory, `DELETE /api/v1/items/${id}`);

    expect(await put('of what is gone', [one(mug), one(id)])).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'items.1.item_id', message: `Item ${id} not found` }] },
    });
    expect((await get('of what is gone')).status).toBe(404);
  });

  it('protect their items from deletion', async () => {
    const { id } = await addItem(inventory);
    const type = await makeKit(inventory, [one(mug), one(id)]);

    expect((await call(inventory, `DELETE /api/v1/items/${id}`)).status).toBe(409);
    await put(type, [one(mug)]);
    expect((await call(inventory, `DELETE /api/v1/items/${id}`)).status).toBe(204);
  });

  it('are created once by twenty concurrent PUTs, with all items of one of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => put('raced', [one(mug, index + 1), one(tea, index + 1)])),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
    const { items } = (await get('raced')).body;
    expect(items).toEqual([one(mug, items[0].quantity), one(tea, items[0].quantity)]);
  });
});
