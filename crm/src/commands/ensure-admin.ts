import { randomBytes } from 'node:crypto';
import type { CrmContext } from '../context.ts';
import { findAdmin, insertAdmin, replaceAdminPassword, retireOtherAdmins } from '../db/admins.ts';

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
  const hash = await passwordWork({}, async (work) =>
    (await work.verify(admin.password, before.password_hash)) ? undefined : work.hash(admin.password),
  );
  if (hash === undefined) return;
  const isReplaced = await write((trx) => replaceAdminPassword(trx, before, hash));
  // another process has replaced it meanwhile, perhaps by the same one: to do so again would end tokens in use
  if (!isReplaced) await ensurePassword(means, admin);
}
