import { randomBytes } from 'node:crypto';
import type { CrmContext } from '../context.ts';
import { findAdmin, insertAdmin, replaceAdminPassword, retireOtherAdmins } from '../db/admins.ts';
import { replaceHash } from '../db/password-hashes.ts';

type Means = Pick<CrmContext, 'db' | 'write' | 'clock' | 'passwordWork'>;

/**
 * Ensures that the configured admin can log in and that no earlier admin can. If there is no such admin yet and no
 * password is configured, generates one and returns it, to be shown once. Safe to repeat, and from several processes at
 * once.
 */
export async function ensureAdmin(
  context: Means,
  { username, password }: { username: string; password: string | undefined },
): Promise<string | undefined> {
  const { db, write, clock, passwordWork } = context;
  await write((trx) => retireOtherAdmins(trx, username));
  if (!(await findAdmin(db, username))) {
    const chosen = password ?? randomBytes(15).toString('base64url');
    const password_hash = await passwordWork({}, ({ hash }) => hash(chosen));
    const row = { username, password_hash, created_at: clock.now().toISOString() };
    if (await write((trx) => insertAdmin(trx, row))) return password ? undefined : chosen;
  }
  if (password) await ensurePassword(context, { username, password });
  return undefined;
}

async function ensurePassword(means: Means, admin: { username: string; password: string }): Promise<void> {
  const { db, write, passwordWork } = means;
  const before = await findAdmin(db, admin.username);
  if (!before) return;
  const { password } = admin;
  const from = before.password_hash;
  const { isSame, to } = await passwordWork({}, async ({ hash, verify, isHashedAsTyped }) => {
    const isSame = await verify(password, from);
    const needsHash = !isSame || (await isHashedAsTyped(password, from));
    return { isSame, to: needsHash ? await hash(password) : undefined };
  });
  if (to === undefined) return;
  if (isSame) return write((trx) => replaceHash(trx, { table: 'admins', id: before.id, from, to }));
  const isReplaced = await write((trx) => replaceAdminPassword(trx, before, to));
  // another process has replaced it meanwhile, perhaps by the same one: to do so again would end tokens in use
  if (!isReplaced) await ensurePassword(means, admin);
}
