import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addItem, aPackage, makeKit, postPackage, readItem, startTestInventory, type TestInventory } from './start.ts';

describe.each(databases)('package types that look alike on %s', (kind) => {
  let inventory: TestInventory;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  it.each([
    ['zo\u00eb', 'zoe\u0308'],
    ['ﬁne', 'fi\u00adne'],
    ['box\u200b', 'ｂｏｘ'],
    ['two words', 'two\u00a0 words'],
  ])('are one, so a customer gets one package: %s and %s', async (packageType, other) => {
    const request = aPackage({ packageType });
    const { status, body: made } = await postPackage(inventory, request, `key ${packageType}`.replace(/\W/g, '_'));
    expect(status).toBe(201);

    const again = { ...request, packageType: other };
    expect(await postPackage(inventory, again)).toMatchObject({ status: 200, body: made });
    const key = `key ${packageType}`.replace(/\W/g, '_');
    expect(await postPackage(inventory, again, key)).toMatchObject({ status: 200, body: made });
    const batch = await call(inventory, 'POST /packages/batch', { body: { packages: [again, request] } });
    expect(batch.body.results).toEqual(Array(2).fill({ status: 200, package: made }));
    const older = { customer_id: request.customerId, package_type: other };
    expect(await call(inventory, 'POST /package_requests', { body: older })).toMatchObject({
      status: 200,
      body: { id: made.id, package_type: made.packageType },
    });
  });

  it('are one within a batch', async () => {
    const request = aPackage({ packageType: 'new box' });
    const packages = [request, { ...request, packageType: 'new\u00a0box' }, aPackage({ packageType: 'ｎｅｗ box' })];

    const { results } = (await call(inventory, 'POST /packages/batch', { body: { packages } })).body;

    expect(results.map(({ status }: { status: number }) => status)).toEqual([201, 200, 201]);
    expect(new Set(results.map((one: { package: { packageType: string } }) => one.package.packageType))).toEqual(
      new Set(['new box']),
    );
  });

  it('share a kit', async () => {
    const { id } = await addItem(inventory, { quantity: 10 });
    await makeKit(inventory, [{ item_id: id, quantity: 2 }], 'Kit of a Type');
    const path = `/api/v1/kits/${encodeURIComponent('Kit  of a Type\u00ad')}`;

    expect((await call(inventory, `GET ${path}`)).body.package_type).toBe('Kit of a Type');
    await postPackage(inventory, aPackage({ packageType: 'Kit\u00a0of a Type' }));
    expect((await readItem(inventory, id)).quantity).toBe(8);
    const body = { items: [{ item_id: id, quantity: 3 }] };
    expect(await call(inventory, `PUT ${path}`, { body })).toMatchObject({
      status: 200,
      body: { package_type: 'Kit of a Type' },
    });
    await postPackage(inventory, aPackage({ packageType: 'Ｋｉｔ of a Type' }));
    expect((await readItem(inventory, id)).quantity).toBe(5);
    expect((await call(inventory, `DELETE ${path}`)).status).toBe(204);
    expect((await call(inventory, `GET ${path}`)).status).toBe(404);
  });

  it('need a visible character', async () => {
    for (const packageType of ['\u200b', '\u3164', '\u2800']) {
      const { status, body } = await postPackage(inventory, aPackage({ packageType }));
      expect([status, body.errors]).toMatchObject([400, [{ field: 'packageType' }]]);
    }
  });
});

describe.each(databases)('the name of a customer on %s', (kind) => {
  it('is refused with an invisible character, and kept with what belongs to its letters', async () => {
    await using inventory = await startTestInventory(kind);
    for (const customerName of ['\u200b', '\u202enna', 'An\u00adna', 'Anna\u2800']) {
      const { status, body } = await postPackage(inventory, aPackage({ customerName }));
      expect([status, body.errors]).toMatchObject([400, [{ field: 'customerName' }]]);
    }
    for (const customerName of ['می\u200cخواهم', 'സുധീര്\u200d', '葛\u{e0100}', 'Ann\u00a0Example']) {
      expect((await postPackage(inventory, aPackage({ customerName }))).body.customerName).toBe(customerName);
    }
  });
});
