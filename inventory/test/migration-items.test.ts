import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InventoryDatabase } from '../src/db/schema.ts';
import { changeStatus, contentOf, readPackage } from './packaging.ts';
import { addItem, aPackage, makeKit, postPackage, readItem, readPackages, startInventoryOn } from './start.ts';

type OlderDatabase = Pick<InventoryDatabase, 'idempotency_keys'> & {
  packages: Omit<InventoryDatabase['packages'], 'customer_id'> & { customer_id: number };
};
type OlderPackage = Omit<OlderDatabase['packages'], 'id'>;

const count = 1200;
const removed = [7, 1000, 1200];
const statuses = ['received', 'packed', 'shipped', 'delivered', 'cancelled'] as const;

/** Of customers that no test uses otherwise. */
function olderPackage(id: number): OlderPackage {
  return {
    customer_id: 1_000_000 + id,
    customer_name: id % 3 ? `Zoë 🎁 ${id}` : null,
    package_type: id % 2 ? 'welcome_pack_v1' : "Ñandú's; -- 李",
    status: statuses[id % statuses.length] ?? 'received',
    created_at: `2025-03-04T05:06:07.${String(id % 1000).padStart(3, '0')}Z`,
  };
}

function asRequest(id: number) {
  const { customer_id, customer_name, package_type } = olderPackage(id);
  return { customerId: customer_id, customerName: customer_name, packageType: package_type };
}

/** A database of the first release, which only had packages; `removed` were deleted by hand. */
async function leaveOlderDatabase({ url, dataDir }: FreshDatabase) {
  const migrations = join(dataDir, 'older-migrations');
  await mkdir(migrations);
  const present = JSON.stringify(join(import.meta.dirname, '../migrations/0001-packages.ts'));
  await writeFile(join(migrations, '0001-packages.ts'), `export { up } from ${present};\n`);
  const options = { url, schema: 'inventory', migrations, onError: () => undefined };
  const { db, close } = await openDatabase<OlderDatabase>(options);
  const packages = Array.from({ length: count }, (_, index) => olderPackage(index + 1));
  await db.insertInto('packages').values(packages).execute();
  await db.deleteFrom('packages').where('id', 'in', removed).execute();
  const { customerId, customerName, packageType } = asRequest(1);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([customerId, customerName, packageType]))
    .digest('base64url');
  await db.insertInto('idempotency_keys').values({ key: 'older-key', package_id: 1, fingerprint }).execute();
  await close();
}

describe.each(databases)('a database from before items on %s', (kind) => {
  let database: FreshDatabase;
  let inventory: Running;
  beforeAll(async () => {
    database = await freshDatabase(kind, { isEmpty: true });
    await leaveOlderDatabase(database);
    inventory = await startInventoryOn(database);
  });
  afterAll(async () => {
    await inventory[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  it('keeps every package, with its id and its status', async () => {
    const kept = (await readPackages(inventory)).filter(({ id }) => id <= count);

    const ids = Array.from({ length: count }, (_, index) => index + 1).filter((id) => !removed.includes(id));
    const expected = ids.map((id) => {
      const { status, created_at } = olderPackage(id);
      // another test changes the status of two of them
      return { id, ...asRequest(id), status: [5, 6].includes(id) ? expect.any(String) : status, createdAt: created_at };
    });
    expect(kept).toEqual(expected);
  });

  it('still returns the existing package of each customer', async () => {
    for (const id of [1, 2, 1199]) {
      const { status, body } = await postPackage(inventory, { ...asRequest(id), customerName: 'Alice' });
      expect([status, body]).toEqual([200, await readPackage(inventory, id)]);
    }
  });

  it('still knows an Idempotency-Key and its request', async () => {
    expect(await postPackage(inventory, asRequest(1), 'older-key')).toMatchObject({ status: 200, body: { id: 1 } });
    expect((await postPackage(inventory, aPackage(), 'older-key')).status).toBe(422);
  });

  it('never reuses an id, not even of a deleted row', async () => {
    expect((await postPackage(inventory, aPackage())).body.id).toBeGreaterThan(count);
  });

  it('changes the status of its packages, and gives nothing back for one that took nothing', async () => {
    const { id } = await addItem(inventory, { quantity: 5 });
    await makeKit(inventory, [{ item_id: id, quantity: 1 }], olderPackage(5).package_type);

    expect((await changeStatus(inventory, 6, 'shipped')).status).toBe(200);
    expect((await changeStatus(inventory, 5, 'cancelled')).status).toBe(200);
    expect((await changeStatus(inventory, 8, 'packed')).status).toBe(409);
    expect([await contentOf(inventory, 5), (await readItem(inventory, id)).quantity]).toEqual([[], 5]);
  });
});
