import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { emailKey } from '@doorstep/kit/text/fold.ts';
import { describe, expect, it } from 'vitest';
import { searchKey } from '../src/customer.ts';
import type { CrmDatabase } from '../src/db/schema.ts';
import { hashPassword } from '../src/password.ts';
import { adminKey, adminOf } from './an-admin.ts';
import { logIn } from './log-in.ts';
import { aCustomer, startCrmOn } from './start.ts';

const migrations = join(import.meta.dirname, '../migrations');
const at = '2026-01-31T12:00:00.000Z';
const password = 'correct horse battery';
const deleted_at = at;

type Older = { email: string; name?: string; deleted_at?: string; password_hash?: string };

function olderRow({ email, name = 'Zoë', ...rest }: Older) {
  const email_key = email.normalize('NFC').toLowerCase();
  const search_key = `${name.normalize('NFC').toLowerCase()}\n${email_key}`;
  const integration = { integration_state: 'pending' as const, integration_attempts: 0, integration_updated_at: at };
  return { name, email, email_key, search_key, created_at: at, ...integration, ...rest };
}

/** A database from before texts that look alike were one. */
async function leaveOlderDatabase({ url, dataDir }: FreshDatabase, customers: Older[], admin = 'admin') {
  const folder = join(dataDir, 'older-migrations');
  await mkdir(folder);
  for (const name of (await readdir(migrations)).filter((file) => file < '0006')) {
    await writeFile(join(folder, name), `export { up } from ${JSON.stringify(join(migrations, name))};\n`);
  }
  const options = { url, schema: 'crm', migrations: folder, onError: () => undefined };
  const { db, close } = await openDatabase<CrmDatabase>(options);
  const rows = customers.map(olderRow);
  for (let first = 0; first < rows.length; first += 500) {
    await db
      .insertInto('customers')
      .values(rows.slice(first, first + 500))
      .execute();
  }
  const password_hash = await hashPassword(password);
  await db.insertInto('admins').values({ username: admin, password_hash, created_at: at }).execute();
  await close();
}

async function migrated({ url }: FreshDatabase) {
  const notices: string[] = [];
  const onNotice = (sentence: string) => notices.push(sentence);
  const options = { url, schema: 'crm', migrations, onError: () => undefined, onNotice };
  const { db, close } = await openDatabase<CrmDatabase>(options);
  const customers = await db.selectFrom('customers').selectAll().orderBy('id').execute();
  const admins = await db.selectFrom('admins').selectAll().execute();
  await close();
  return { customers, admins, notices };
}

describe.each(databases)('a database from before texts that look alike were one, on %s,', (kind) => {
  it('gets the new keys in every row, and keeps everything else', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    const names = ['José García', 'İbrahim', 'Ann\u00a0Example', 'Plain'];
    const given = Array.from({ length: 2_500 }, (_, index) => {
      const domain = index % 2 ? 'bücher.example' : 'example.com';
      return { name: `${names[index % names.length]} ${index}`, email: `Ann-${index}@${domain}` };
    });
    await leaveOlderDatabase(database, given);

    const { customers, notices } = await migrated(database);

    expect(customers.filter((row) => row.search_key !== searchKey(row))).toEqual([]);
    expect(customers.filter((row) => row.email_key !== emailKey(row.email))).toEqual([]);
    expect(customers.map(({ name, email, version }) => ({ name, email, version }))).toEqual(
      given.map((one) => ({ ...one, version: 1 })),
    );
    expect(notices).toEqual([]);
  });

  it('keeps customers whose emails become the same, and names the later ones', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    const hashes = await Promise.all(['the first password', 'the third password'].map(hashPassword));
    await leaveOlderDatabase(database, [
      { email: 'x@bücher.example', password_hash: hashes[0] as string },
      { email: 'other@example.com' },
      { email: 'x@xn--bcher-kva.example', password_hash: hashes[1] as string },
      { email: 'X@XN--BCHER-KVA.example.', deleted_at },
      { email: 'x@BÜCHER.example', deleted_at },
      { email: 'ｘ@bücher.example' },
    ]);

    const { customers, notices } = await migrated(database);

    const keys = customers.map(({ email_key }) => email_key);
    expect(new Set([0, 2, 5].map((place) => keys[place])).size).toBe(3);
    expect([keys[0], keys[4]]).toEqual(Array(2).fill('x@xn--bcher-kva.example'));
    expect(notices).toEqual([
      'customer 3 (x@xn--bcher-kva.example) has the same email as customer 1 (x@bücher.example) now; both are kept. Give one of them another email, or delete it',
      'customer 6 (ｘ@bücher.example) has the same email as customer 1 (x@bücher.example) now; both are kept. Give one of them another email, or delete it',
    ]);

    await using crm = await startCrmOn(database, { ...adminKey, ADMIN_PASSWORD: password });
    const { admin } = await adminOf(crm);
    const put = (id: number, body: object) => admin(`PUT /v1/customers/${id}`, { body });
    const tries = ['the first password', 'the third password', 'another password'];
    const logins = tries.map((text) => logIn(crm, { email: 'X@bücher.example', password: text }));
    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual([200, 200, 401]);

    const own = await put(3, { name: 'Zoe', email: 'x@xn--bcher-kva.example' });
    expect([own.status, own.body.name]).toEqual([200, 'Zoe']);
    expect(await admin('POST /customers', { body: aCustomer({ email: 'x@bücher.example' }) })).toMatchObject({
      status: 409,
      body: { existing_id: 1 },
    });
    expect((await admin('POST /v1/customers/5/restore')).status).toBe(409);

    expect((await put(3, { email: 'z@bücher.example' })).status).toBe(200);
    expect(await put(3, { email: 'x@bücher.example' })).toMatchObject({ status: 409, body: { existing_id: 1 } });
    expect((await admin('DELETE /v1/customers/1')).status).toBe(204);
    expect((await put(3, { email: 'x@bücher.example' })).status).toBe(200);
  });

  it('keeps the admin, under the one form of the name', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    await leaveOlderDatabase(database, [], 'Ju\u0308rgen');
    await using crm = await startCrmOn(database, { ...adminKey, ADMIN_USERNAME: 'Ju\u0308rgen', ADMIN_PASSWORD: '' });

    expect((await logIn(crm, { username: 'J\u00fcrgen', password })).status).toBe(200);
    expect((await migrated(database)).admins).toMatchObject([{ id: 1, username: 'J\u00fcrgen' }]);
  });

  it('keeps thousands that become one', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    const given = Array.from({ length: 2_200 }, (_, index) => ({ email: `a${'\ufe00'.repeat(index)}@example.com` }));
    await leaveOlderDatabase(database, given);

    const { customers, notices } = await migrated(database);

    expect(new Set(customers.map(({ email_key }) => email_key)).size).toBe(2_200);
    expect([notices.length, customers[0]?.email_key]).toEqual([2_199, 'a@example.com']);
  });
});
