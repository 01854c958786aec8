import { type Claims, invalidToken } from '@doorstep/kit/auth/tokens.ts';
import type { Kysely } from 'kysely';
import { findAdmin } from './admins.ts';
import { findCustomer } from './customers.ts';
import type { CrmDatabase } from './schema.ts';

/**
 * Whether a verified token is still valid: a new password ends it, and so does the deletion of the customer. Nothing ends
 * the token of a service before its time.
 */
export async function isCurrent(db: Kysely<CrmDatabase>, { subject, role, version }: Claims): Promise<boolean> {
  if (role === 'admin') {
    const admin = isStorable(subject) ? await findAdmin(db, subject) : undefined;
    return admin !== undefined && admin.credentials_version === version;
  }
  if (role === 'customer') {
    const customer = isId(subject) ? await findCustomer(db, Number(subject)) : undefined;
    return customer !== undefined && customer.deleted_at === null && customer.credentials_version === version;
  }
  return true;
}

/** @throws AppError `unauthorized` if the token is no longer valid. */
export async function requireCurrent(db: Kysely<CrmDatabase>, claims: Claims): Promise<void> {
  if (!(await isCurrent(db, claims))) throw invalidToken();
}

/** A query with NUL or half a surrogate pair would fail on PostgreSQL. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function isId(text: string): boolean {
  return /^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text));
}
