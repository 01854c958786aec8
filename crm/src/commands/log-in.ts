import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import { emailKey } from '../customer.ts';
import { findAdmin } from '../db/admins.ts';
import { findCustomerByEmail } from '../db/customers.ts';
import { verifyPassword } from '../password.ts';

/**
 * Returns a token for the admin with this name or the customer with this email. Takes as long for an unknown name.
 * @throws AppError `unauthorized`, with one message for an unknown name and a wrong password.
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

/** The claims of the account that has this password. Without any account, does the same work once. */
async function claimsOf(password: string, accounts: Account[]): Promise<Claims | undefined> {
  if (accounts.length === 0) await verifyPassword(password, undefined);
  for (const { subject, role, password_hash, credentials_version } of accounts) {
    if (await verifyPassword(password, password_hash ?? undefined))
      return { subject, role, version: credentials_version };
  }
  return undefined;
}
