import { type Claims, invalidToken } from '@doorstep/kit/auth/tokens.ts';
import type { CrmContext } from '../context.ts';
import { findAdmin } from '../db/admins.ts';
import { findCustomer } from '../db/customers.ts';

/**
 * Whose token this is. The token of a person ends with the password that it was given out for, and with the customer.
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

/** PostgreSQL refuses NUL, and a query with it would fail. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function isId(text: string): boolean {
  return /^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text));
}
