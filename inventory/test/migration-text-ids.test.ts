import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { aPackage, postPackage, readPackages, startInventoryOn } from './start.ts';

const count = 500;
const at = '2026-01-31T12:00:00.000Z';

/** A database of the release before text ids, with rows in every table that refers to a package or an item. */
async function leaveOlderDatabase({ url, dataDir }: FreshDatabase) {
  const migrations = join(dataDir, 'older-migrations');
  await mkdir(migrations);
  for (const name of ['0001-packages.ts', '0002-items.ts', '0003-kits.ts', '0004-low-stock-alerts.ts']) {
    const present = JSON.stringify(join(import.meta.dirname, '../migrations', name));
    await writeFile(join(migrations, name), `export { up } from ${present};\n`);
  }
  const { db, close } = await openDatabase({ url, schema: 'inventory', migrations, onError: () => undefined });
  for (let id = 1; id <= count; id += 1) {
    await sql`insert into packages (customer_id, customer_name, package_type, status, created_at)
      values (${5_000_000_000 + id}, 'Zoë', 'welcome_pack_v1', 'received', ${at})`.execute(db);
    await sql`insert into items (name, name_key, sku, price_cents, quantity, min_quantity, is_active, customer_id,
        created_at, updated_at)
      values ('Mug', 'mug', ${`SKU ${id}`}, 100, 5, 0, 1, ${id % 2 ? id : null}, ${at}, ${at})`.execute(db);
    await sql`insert into package_items (package_id, item_id, quantity) values (${id}, ${id}, 1)`.execute(db);
    await sql`insert into idempotency_keys (key, package_id, fingerprint) values (${`key-${id}`}, ${id}, 'x')`.execute(
      db,
    );
  }
  await sql`insert into kits (package_type, updated_at) values ('welcome_pack_v1', ${at})`.execute(db);
  await sql`insert into kit_items (kit_id, item_id, quantity) values (1, 1, 1)`.execute(db);
  await sql`delete from package_items where package_id = ${count}`.execute(db);
  await sql`delete from idempotency_keys where package_id = ${count}`.execute(db);
  await sql`delete from packages where id = ${count}`.execute(db);
  await close();
}

describe.each(databases)('a database from before text ids on %s', (kind) => {
  it('keeps every package and item with its customer, its references and its ids', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    await leaveOlderDatabase(database);
    await using inventory = await startInventoryOn(database);

    const packages = await readPackages(inventory);
    expect(packages.map(({ id, customerId }) => [id, customerId])).toEqual(
      Array.from({ length: count - 1 }, (_, index) => [index + 1, 5_000_000_001 + index]),
    );
    const { body: owned } = await call(inventory, 'GET /api/v1/items/customer/7');
    expect(owned).toMatchObject([{ id: 7, customer_id: 7, sku: 'SKU 7' }]);
    expect((await call(inventory, 'GET /api/v1/items/8')).body.customer_id).toBe(null);
    expect((await call(inventory, 'GET /packages/7/items')).body).toMatchObject([{ item_id: 7 }]);

    const again = await postPackage(inventory, aPackage({ customerId: 5_000_000_007 }), 'another-key');
    expect([again.status, again.body.id]).toEqual([200, 7]);
    expect((await postPackage(inventory, aPackage({ customerId: 5_000_000_007 }), 'key-7')).status).toBe(422);
    expect((await postPackage(inventory, aPackage({ customerId: 'c-7' }))).body.id).toBeGreaterThan(count);
    // a reference is still checked
    expect((await call(inventory, 'DELETE /api/v1/items/1')).status).toBe(409);
  });
});
