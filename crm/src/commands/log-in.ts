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
  const account = admin ?? customer;
  const isRight = await verifyPassword(password, account?.password_hash ?? undefined);
  if (!account || !isRight) throw new AppError('unauthorized', 'Wrong username or password');
  const subject = admin ? admin.username : String(account.id);
  const claims = { subject, role: admin ? 'admin' : 'customer', version: account.credentials_version };
  const access_token = await tokens.sign(claims, tokenExpiresSeconds);
  return { access_token, token_type: 'Bearer', expires_in: tokenExpiresSeconds };
}
