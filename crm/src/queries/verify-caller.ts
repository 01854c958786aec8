import { type Claims, invalidToken } from '@doorstep/kit/auth/tokens.ts';
import type { CrmContext } from '../context.ts';
import { findAdmin } from '../db/admins.ts';
import { findCustomer } from '../db/customers.ts';

/**
 * Returns the claims of a token. A new password, and the deletion of the customer, invalidate earlier tokens.
 * @throws AppError `unauthorized`
 */
export async function verifyCaller({ db, tokens }: Pick<CrmContext, 'db' | 'tokens'>, token: string): Promise<Claims> {
  const claims = await tokens.verify(token);
  const { subject, role, version } = claims;
  if (role === 'admin') {
    const admin = isStorable(subject) ? await findAdmin(db, subject) : undefined;
    if (!admin || admin.credentials_version !== version) throw invalidToken();
  }
  if (role === 'customer') {
    const customer = isId(subject) ? await findCustomer(db, Number(subject)) : undefined;
    if (!customer || customer.deleted_at !== null || customer.credentials_version !== version) throw invalidToken();
  }
  return claims;
}

/** A query with NUL or half a surrogate pair would fail on PostgreSQL. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function isId(text: string): boolean {
  return /^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text));
}
