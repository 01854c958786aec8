import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Customer, searchKey } from '../src/customer.ts';
import type { CrmDatabase } from '../src/db/schema.ts';
import { hashPassword } from '../src/password.ts';
import { adminKey, adminOf } from './an-admin.ts';
import { aCustomer, addCustomer, adminPassword, openCrmDatabase, readFeed, startCrmOn } from './start.ts';

const added_at = '2025-03-04T05:06:07.089Z';

type OlderCustomer = Pick<
  CrmDatabase['customers'],
  | 'name'
  | 'email'
  | 'email_key'
  | 'created_at'
  | 'integration_state'
  | 'package_id'
  | 'integration_attempts'
  | 'integration_error'
  | 'integration_updated_at'
>;
type OlderDatabase = {
  customers: OlderCustomer & { id: number };
  admins: { username: string; password_hash: string; created_at: string };
};

const names = ['Zoë', 'ÉLODIE', 'Cafe\u0301', 'Øyvind', '李小龍', "O'Brien", '100%_sure\\', '🎁'];
const integrations = [
  { integration_state: 'pending', package_id: null, integration_attempts: 0, integration_error: null },
  { integration_state: 'delivered', package_id: '17', integration_attempts: 2, integration_error: null },
  { integration_state: 'delivered', package_id: '"pkg_ü"', integration_attempts: 1, integration_error: null },
  {
    integration_state: 'failed',
    package_id: null,
    integration_attempts: 9,
    integration_error: 'Inventory answered 422',
  },
] as const;

function olderCustomer(id: number): OlderCustomer {
  const email = `${id % 2 ? 'ÄLICE' : 'Bob'}-${id}@Example.com`;
  const name = `${names[id % names.length]} Nr${id}.`;
  const integration = integrations[id % integrations.length] ?? integrations[0];
  const times = {
    created_at: added_at,
    integration_updated_at: `2026-01-01T00:00:00.${String(id).padStart(4, '0').slice(1)}Z`,
  };
  return { name, email, email_key: email.toLowerCase(), ...times, ...integration };
}

/** A database from a release with only the first two migrations. `removed`: ids of rows that were deleted by hand. */
async function leaveOlderDatabase(
  { url, dataDir }: FreshDatabase,
  { count, removed }: { count: number; removed: number[] },
) {
  const migrations = join(dataDir, 'older-migrations');
  await mkdir(migrations);
  for (const name of ['0001-customers.ts', '0002-admins.ts']) {
    const present = JSON.stringify(join(import.meta.dirname, '../migrations', name));
    await writeFile(join(migrations, name), `export { up } from ${present};\n`);
  }
  const { db, close } = await openDatabase<OlderDatabase>({ url, schema: 'crm', migrations, onError: () => undefined });
  const customers = Array.from({ length: count }, (_, index) => olderCustomer(index + 1));
  await db
    .insertInto('customers')
    .values(customers as OlderDatabase['customers'][])
    .execute();
  await db.deleteFrom('customers').where('id', 'in', removed).execute();
  const admin = { username: 'admin', password_hash: await hashPassword(adminPassword), created_at: added_at };
  await db.insertInto('admins').values(admin).execute();
  await close();
  return admin;
}

describe.each(databases)('a database from before accounts, on %s,', (kind) => {
  const removed = [7, 1000, 2499, 2500];
  const ids = Array.from({ length: 2500 }, (_, index) => index + 1).filter((id) => !removed.includes(id));
  let database: FreshDatabase;
  let admin: OlderDatabase['admins'];
  let crm: Running;
  beforeAll(async () => {
    database = await freshDatabase(kind, { isEmpty: true });
    admin = await leaveOlderDatabase(database, { count: 2500, removed });
    crm = await startCrmOn(database, adminKey);
  });
  afterAll(async () => {
    await crm[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const asAdmin = async (request: string) => (await adminOf(crm)).admin(request);
  const found = async (search: string): Promise<number[]> => {
    const { body } = await asAdmin(`GET /v1/customers?search=${encodeURIComponent(search)}`);
    return body.items.map(({ id }: Customer) => id);
  };

  it('keeps every customer with the state of the package', async () => {
    const feed = (await readFeed(crm)).filter(({ id }) => id <= 2500);

    expect(feed.map(({ id }) => id)).toEqual(ids);
    const shown = feed.map(({ id, name, email, created_at, integration }) => ({
      id,
      name,
      email,
      created_at,
      integration_state: integration.state,
      package_id: integration.package_id === null ? null : JSON.stringify(integration.package_id),
      integration_attempts: integration.attempts,
      integration_error: integration.error,
      integration_updated_at: integration.updated_at,
    }));
    const expected = ids.map((id) => {
      const { email_key, ...customer } = olderCustomer(id);
      return { id, ...customer };
    });
    expect(shown).toEqual(expected);
  });

  it('keeps the admin and the password', async () => {
    await using opened = await openCrmDatabase(database);

    const admins = await opened.db.selectFrom('admins').selectAll().execute();

    expect(admins).toEqual([{ ...admin, id: 1, credentials_version: 1 }]);
  });

  it('reuses no id, not even those of deleted rows', async () => {
    expect((await addCustomer(crm)).id).toBeGreaterThan(2500);
  });

  it('turns every customer into an unchanged account without a password', async () => {
    await using opened = await openCrmDatabase(database);
    const rows = await opened.db.selectFrom('customers').selectAll().where('id', 'in', [1, 1001, 2001, 2498]).execute();

    const none = { deleted_at: null, password_hash: null, version: 1, credentials_version: 1 };
    expect(rows).toMatchObject([none, none, none, none]);
    const { status, headers, body } = await asAdmin('GET /v1/customers/2498');
    expect([status, headers.get('ETag'), body.deleted_at]).toEqual([200, '"1"', null]);
  });

  it('finds every customer by the new search', async () => {
    await using opened = await openCrmDatabase(database);
    const rows = await opened.db.selectFrom('customers').select(['name', 'email', 'search_key']).execute();

    expect(rows.filter((row) => row.search_key !== searchKey(row))).toEqual([]);
  });

  it.each([
    ['capitals with accents, in small letters', 'élodie nr1.', [1]],
    ['accents of their own, composed', 'café nr2002.', [2002]],
    ['small letters, in capitals', 'ØYVIND NR1003.', [1003]],
    ['the last customer', 'cafe\u0301 nr2498.', [2498]],
    ['an email with accents', 'älice-1999@', [1999]],
    ['characters with a meaning in patterns', '100%_sure\\ nr2006.', [2006]],
    ['no deleted customer', ' nr1000.', []],
  ])('finds %s', async (_, search, expected) => {
    expect(await found(search)).toEqual(expected);
  });

  it('still rejects a taken email', async () => {
    for (const id of [1, 1001, 2498]) {
      const body = aCustomer({ email: olderCustomer(id).email.toLowerCase() });
      expect(await call(crm, 'POST /customers', { body })).toMatchObject({ status: 409, body: { existing_id: id } });
    }
  });

  it('frees the email of a deleted customer', async () => {
    const { email } = olderCustomer(1500);

    expect((await asAdmin('DELETE /v1/customers/1500')).status).toBe(204);
    const { id } = await addCustomer(crm, { email });
    expect((await asAdmin('POST /v1/customers/1500/restore')).status).toBe(409);
    expect((await asAdmin(`DELETE /v1/customers/${id}`)).status).toBe(204);
    expect((await asAdmin('POST /v1/customers/1500/restore')).status).toBe(200);
  });
});

describe.each(databases)(
  'a database from before accounts, on %s, in which somebody deleted all customers by hand',
  (kind) => {
    it('reuses none of their ids', async () => {
      await using database = await freshDatabase(kind, { isEmpty: true });
      await leaveOlderDatabase(database, { count: 3, removed: [1, 2, 3] });
      await using crm = await startCrmOn(database);

      expect((await addCustomer(crm)).id).toBe(4);
    });
  },
);
