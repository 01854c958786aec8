import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import { emailKey } from '../customer.ts';
import { findAdmin } from '../db/admins.ts';
import { findCustomerByEmail } from '../db/customers.ts';
import { verifyPassword } from '../password.ts';

/**
 * A token for the admin of that name, or for the customer of that email. It takes as long for a name that nobody has.
 * @throws AppError `unauthorized`, the same whatever was wrong.
 */
export async function logIn(
  { db, tokens, tokenExpiresSeconds }: CrmContext,
  { username, password }: { username: string; password: string },
) {
  const [admin, customer] = [await findAdmin(db, username), await findCustomerByEmail(db, emailKey(username))];
  const claims = await claimsOf(password, [
    ...(admin ? [{ ...admin, subject: admin.username, role: 'admin' }] : []),
    ...(customer ? [{ ...customer, subject: String(customer.id), role: 'customer' }] : []),
  ]);
  if (!claims) throw new AppError('unauthorized', 'Wrong username or password');
  const access_token = await tokens.sign(claims, tokenExpiresSeconds);
  return { access_token, token_type: 'Bearer', expires_in: tokenExpiresSeconds };
}

type Account = { subject: string; role: string; password_hash: string | null; credentials_version: number };

/** Of the account whose password it is. Without any account it does the same work once. */
async function claimsOf(password: string, accounts: Account[]): Promise<Claims | undefined> {
  if (accounts.length === 0) await verifyPassword(password, undefined);
  for (const { subject, role, password_hash, credentials_version } of accounts) {
    if (await verifyPassword(password, password_hash ?? undefined))
      return { subject, role, version: credentials_version };
  }
  return undefined;
}
