import { type Claims, invalidToken } from '@doorstep/kit/auth.ts';
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
    const admin = await findAdmin(db, subject);
    if (!admin || admin.credentials_version !== version) throw invalidToken();
  }
  if (role === 'customer') {
    const customer = await findCustomer(db, Number(subject));
    if (!customer || customer.deleted_at !== null || customer.credentials_version !== version) throw invalidToken();
  }
  return claims;
}
