import { randomBytes } from 'node:crypto';
import type { CrmContext } from '../context.ts';
import { findAdmin, insertAdmin, retireOtherAdmins, updateAdminPassword } from '../db/admins.ts';
import { replaceHash } from '../db/password-hashes.ts';
import { hashPassword, isHashedAsTyped, verifyPassword } from '../password.ts';

/**
 * Ensures that the configured admin can log in and that no earlier admin can. If there is no such admin yet and no
 * password is configured, generates one and returns it, to be shown once. Safe to repeat, and from several processes at
 * once.
 */
export async function ensureAdmin(
  { db, write, clock }: Pick<CrmContext, 'db' | 'write' | 'clock'>,
  { username, password }: { username: string; password: string | undefined },
): Promise<string | undefined> {
  await write((trx) => retireOtherAdmins(trx, username));
  const admin = await findAdmin(db, username);
  if (!admin) {
    const chosen = password ?? randomBytes(15).toString('base64url');
    const row = { username, password_hash: await hashPassword(chosen), created_at: clock.now().toISOString() };
    const isNew = await write((trx) => insertAdmin(trx, row));
    return isNew && !password ? chosen : undefined;
  }
  if (!password) return undefined;
  const from = admin.password_hash;
  if (!(await verifyPassword(password, from))) {
    const hash = await hashPassword(password);
    await write((trx) => updateAdminPassword(trx, username, hash));
  } else if (await isHashedAsTyped(password, from)) {
    const to = await hashPassword(password);
    await write((trx) => replaceHash(trx, { table: 'admins', id: admin.id, from, to }));
  }
  return undefined;
}
