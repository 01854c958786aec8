import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { runToItsEnd } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { addAll, everyCustomerHasOnePackage, numbered, readFeed, startThree } from './three-services.ts';

describe.each(databases)('a package that is cancelled and reinstated on %s', (kind) => {
  it('is the one package of its customer all the time, for a replay and for the reconciliation', async () => {
    await using three = await startThree(kind);
    const { crm, inventory } = three;
    const mug = { name: 'Mug', sku: 'MUG', price: 1, quantity: 1 };
    const { id: item_id } = (await call(inventory, 'POST /api/v1/items', { body: mug })).body;
    const kit = { items: [{ item_id, quantity: 1 }] };
    await call(inventory, 'PUT /api/v1/kits/welcome_pack_v1', { body: kit });
    await addAll(crm, numbered(2, 'customer'));
    await everyCustomerHasOnePackage(crm, inventory);
    type Package = { id: number; customerId: number; status: string };
    const packages = await readFeed<Package>(inventory, '/packages');
    const received = packages.find(({ status }) => status === 'received');

    const statuses = [];
    for (const status of ['cancelled', 'received']) {
      statuses.push((await call(inventory, `PATCH /packages/${received?.id}`, { body: { status } })).body.status);
      await call(three.middleware, `POST /deliveries/${received?.customerId}/replay`);
      await eventually(async () => {
        const { body } = await call(three.middleware, `GET /deliveries/${received?.customerId}`);
        expect(body).toMatchObject({ state: 'delivered', package_id: received?.id });
      });
      const { code, output } = await runToItsEnd('middleware', three.settings('middleware'), ['reconcile']);
      expect([code, output]).toEqual([0, expect.stringContaining('2')]);
    }

    // the other customer, who waited, has taken the mug of the cancelled package
    expect(statuses).toEqual(['cancelled', 'backordered']);
    expect((await readFeed<Package>(inventory, '/packages')).map(({ id }) => id)).toEqual(packages.map(({ id }) => id));
  });
});
