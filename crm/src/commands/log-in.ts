import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Turn } from '@doorstep/kit/work/turns.ts';
import type { CrmContext } from '../context.ts';
import { emailKey } from '../customer.ts';
import { findAdmin } from '../db/admins.ts';
import { findCustomerByEmail } from '../db/customers.ts';

/**
 * Returns a token for the admin with this name or the customer with this email. Takes as long for an unknown name.
 * @throws AppError `unauthorized`, with one message for an unknown name and a wrong password, or `unavailable` if too many
 * log in.
 */
export async function logIn(
  { db, tokens, tokenExpiresSeconds, passwordWork }: CrmContext,
  { username, password }: { username: string; password: string },
  turn: Turn,
) {
  const claims = await passwordWork(turn, async ({ verify }) =>
    claimsOf(await accountsOf(db, username), (hash) => verify(password, hash)),
  );
  if (!claims) throw new AppError('unauthorized', 'Wrong username or password');
  const access_token = await tokens.sign(claims, tokenExpiresSeconds);
  return { access_token, token_type: 'Bearer', expires_in: tokenExpiresSeconds };
}

type Account = { subject: string; role: string; password_hash: string | null; credentials_version: number };

async function accountsOf(db: CrmContext['db'], username: string): Promise<Account[]> {
  const [admin, customer] = [await findAdmin(db, username), await findCustomerByEmail(db, emailKey(username))];
  return [
    ...(admin ? [{ ...admin, subject: admin.username, role: 'admin' }] : []),
    ...(customer ? [{ ...customer, subject: String(customer.id), role: 'customer' }] : []),
  ];
}

/** The claims of the account whose password `verify` accepts. Without any account, does the same work once. */
async function claimsOf(
  accounts: Account[],
  verify: (hash: string | undefined) => Promise<boolean>,
): Promise<Claims | undefined> {
  if (accounts.length === 0) await verify(undefined);
  for (const { subject, role, password_hash, credentials_version } of accounts) {
    if (await verify(password_hash ?? undefined)) return { subject, role, version: credentials_version };
  }
  return undefined;
}
