import { type Kysely, sql } from 'kysely';
import type { CrmDatabase } from './schema.ts';

/** The hash of no password. */
const retired = '';

export function findAdmin(db: Kysely<CrmDatabase>, username: string) {
  return db
    .selectFrom('admins')
    .selectAll()
    .where('username', '=', username)
    .where('password_hash', '!=', retired)
    .executeTakeFirst();
}

/** Gives false where another process made this admin first. */
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

/** The tokens given out before end. */
export async function updateAdminPassword(db: Kysely<CrmDatabase>, username: string, passwordHash: string) {
  await db
    .updateTable('admins')
    .set({ password_hash: passwordHash, credentials_version: sql`credentials_version + 1` })
    .where('username', '=', username)
    .execute();
}

/** There is one admin: others, who were configured before, may log in no more, and their tokens end. */
export async function retireOtherAdmins(db: Kysely<CrmDatabase>, username: string): Promise<void> {
  await db
    .updateTable('admins')
    // the row stays: were it made anew, its versions would be those of tokens given out before
    .set({ password_hash: retired, credentials_version: sql`credentials_version + 1` })
    .where('username', '!=', username)
    .where('password_hash', '!=', retired)
    .execute();
}
