import { type Kysely, sql } from 'kysely';
import type { CrmDatabase } from './schema.ts';

/** Not the hash of any password, so that a retired admin cannot log in. */
const retired = '';

export function findAdmin(db: Kysely<CrmDatabase>, username: string) {
  return db
    .selectFrom('admins')
    .selectAll()
    .where('username', '=', username)
    .where('password_hash', '!=', retired)
    .executeTakeFirst();
}

/** Returns false if another process created this admin first. */
export async function insertAdmin(
  db: Kysely<CrmDatabase>,
  admin: { username: string; password_hash: string; created_at: string },
): Promise<boolean> {
  const row = await db
    .insertInto('admins')
    .values(admin)
    .onConflict((conflict) =>
      conflict
        .column('username')
        .doUpdateSet({ password_hash: admin.password_hash, credentials_version: sql`admins.credentials_version + 1` })
        .where('admins.password_hash', '=', retired),
    )
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Invalidates all earlier tokens. Returns false if the admin has another hash than `before` by now. */
export async function replaceAdminPassword(
  db: Kysely<CrmDatabase>,
  before: { username: string; password_hash: string },
  passwordHash: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('admins')
    .set({ password_hash: passwordHash, credentials_version: sql`credentials_version + 1` })
    .where('username', '=', before.username)
    .where('password_hash', '=', before.password_hash)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** There is one admin. Admins from an earlier configuration can no longer log in, and their tokens are invalidated. */
export async function retireOtherAdmins(db: Kysely<CrmDatabase>, username: string): Promise<void> {
  await db
    .updateTable('admins')
    // keep the row: a new row would start at version 1 again and revive old tokens
    .set({ password_hash: retired, credentials_version: sql`credentials_version + 1` })
    .where('username', '!=', username)
    .where('password_hash', '!=', retired)
    .execute();
}
