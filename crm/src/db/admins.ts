import type { Kysely } from 'kysely';
import type { CrmDatabase } from './schema.ts';

export function findAdmin(db: Kysely<CrmDatabase>, username: string) {
  return db.selectFrom('admins').selectAll().where('username', '=', username).executeTakeFirst();
}

/** Gives false where another process made this admin first. */
export async function insertAdmin(
  db: Kysely<CrmDatabase>,
  admin: { username: string; password_hash: string; created_at: string },
): Promise<boolean> {
  const row = await db
    .insertInto('admins')
    .values(admin)
    .onConflict((conflict) => conflict.column('username').doNothing())
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function updateAdminPassword(db: Kysely<CrmDatabase>, username: string, passwordHash: string) {
  await db.updateTable('admins').set({ password_hash: passwordHash }).where('username', '=', username).execute();
}
