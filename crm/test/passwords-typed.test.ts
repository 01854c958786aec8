import { argon2Sync } from 'node:crypto';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { adminKey, adminOf, startCrmWithAdmin } from './an-admin.ts';
import { logIn } from './log-in.ts';
import { openCrmDatabase, startCrmOn } from './start.ts';

const composed = 'p\u00e4sswort f\u00fcr zwei';
const decomposed = composed.normalize('NFD');
const wide = 'ｐ\u00e4sswort f\u00fcr\u00a0zwei';
const other = 'passwort fur zwei';

/** A hash from before passwords had one form. */
function olderHash(password: string): string {
  const nonce = Buffer.alloc(16, 1);
  const tag = argon2Sync('argon2id', { message: password, nonce, tagLength: 32, memory: 8, passes: 1, parallelism: 1 });
  const [salt, hash] = [nonce, tag].map((bytes) => bytes.toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=8,t=1,p=1$${salt}$${hash}`;
}

describe.each(databases)('a password on %s', (kind) => {
  const statusesOf = async (crm: { url: string }, email: string, passwords: string[]) => {
    const statuses: number[] = [];
    for (const password of passwords) statuses.push((await logIn(crm, { email, password })).status);
    return statuses;
  };

  it('is the same however a keyboard encodes it', async () => {
    await using crm = await startCrmWithAdmin(kind);
    for (const password of [composed, decomposed, wide]) {
      const { email } = await crm.addAccount({ password });
      expect(await statusesOf(crm, email, [composed, decomposed, wide, other])).toEqual([200, 200, 200, 401]);
    }
  });

  it('that was hashed as it was typed still works, and from then on in every encoding', async () => {
    await using crm = await startCrmWithAdmin(kind);
    const { id, email } = await crm.addAccount({ password: 'a password to replace' });
    const etag = async () => (await crm.admin(`GET /v1/customers/${id}`)).headers.get('ETag');
    const before = await etag();
    await using database = await openCrmDatabase(crm.database);
    await database.db
      .updateTable('customers')
      .set({ password_hash: olderHash(decomposed) })
      .where('id', '=', id)
      .execute();

    expect(await statusesOf(crm, email, [composed, decomposed, composed, decomposed, other])).toEqual([
      401, 200, 200, 200, 401,
    ]);
    expect(await etag()).toBe(before);
  });

  it('of the admin is the same however .env encodes it, also with an older hash', async () => {
    await using database = await freshDatabase(kind);
    const environment = { ...adminKey, ADMIN_USERNAME: 'Ju\u0308rgen', ADMIN_PASSWORD: decomposed };
    {
      await using crm = await startCrmOn(database, environment);
      const names = ['J\u00fcrgen', 'Ju\u0308rgen', 'j\u00fcrgen'];
      const statuses = await Promise.all(
        names.map(async (username) => (await logIn(crm, { username, password: composed })).status),
      );
      expect(statuses).toEqual([200, 200, 401]);
    }
    await using opened = await openCrmDatabase(database);
    await opened.db
      .updateTable('admins')
      .set({ password_hash: olderHash(decomposed) })
      .execute();
    await using crm = await startCrmOn(database, environment);
    expect((await logIn(crm, { username: 'J\u00fcrgen', password: composed })).status).toBe(200);
    const [admin] = await opened.db.selectFrom('admins').selectAll().execute();
    expect(admin?.credentials_version).toBe(1);
  });

  it('has twelve characters in the form that is hashed', async () => {
    await using crm = await startCrmWithAdmin(kind);
    const { admin } = await adminOf(crm);
    const body = (password: string) => ({ name: 'Ann', email: `${crypto.randomUUID()}@example.com`, password });
    const short = await admin('POST /v1/customers', { body: body('e\u0301'.repeat(11)) });
    expect([short.status, short.body.errors]).toEqual([
      400,
      [{ field: 'password', message: 'must be at least 12 characters long' }],
    ]);
    expect((await admin('POST /v1/customers', { body: body('e\u0301'.repeat(12)) })).status).toBe(201);
    const long = await admin('POST /v1/customers', { body: body('\u0300'.repeat(1001)) });
    expect(long.status).toBe(400);
  });
});
