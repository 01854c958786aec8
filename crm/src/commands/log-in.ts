import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { emailKey, seenForm } from '@doorstep/kit/text/fold.ts';
import type { CrmContext } from '../context.ts';
import { findAdmin } from '../db/admins.ts';
import { type CustomerRow, listCustomersByEmail } from '../db/customers.ts';
import { replaceHash } from '../db/password-hashes.ts';
import { hashPassword, isHashedAsTyped, verifyPassword } from '../password.ts';

/**
 * Returns a token for the admin with this name or the customer with this email. Takes as long for an unknown name.
 * @throws AppError `unauthorized`, with one message for an unknown name and a wrong password.
 */
export async function logIn(
  { db, write, tokens, tokenExpiresSeconds }: CrmContext,
  { username, password }: { username: string; password: string },
) {
  const account = await accountOf(password, await listAccounts(db, username));
  if (!account) throw new AppError('unauthorized', 'Wrong username or password');
  const { table, id, password_hash: from, claims } = account;
  if (from !== null && (await isHashedAsTyped(password, from))) {
    const to = await hashPassword(password);
    await write((trx) => replaceHash(trx, { table, id, from, to }));
  }
  const access_token = await tokens.sign(claims, tokenExpiresSeconds);
  return { access_token, token_type: 'Bearer', expires_in: tokenExpiresSeconds };
}

type Account = { table: 'admins' | 'customers'; id: number; password_hash: string | null; claims: Claims };

async function listAccounts(db: CrmContext['db'], username: string): Promise<Account[]> {
  const admin = await findAdmin(db, seenForm(username));
  const customers = await listCustomersByEmail(db, emailKey(username));
  return [
    ...(admin ? [toAccount('admins', admin, { subject: admin.username, role: 'admin' })] : []),
    ...customers.map((row) => toAccount('customers', row, { subject: String(row.id), role: 'customer' })),
  ];
}

type AccountRow = Pick<CustomerRow, 'id' | 'password_hash' | 'credentials_version'>;

function toAccount(table: Account['table'], row: AccountRow, who: Claims): Account {
  const { id, password_hash, credentials_version: version } = row;
  return { table, id, password_hash, claims: { ...who, version } };
}

/** The account that has this password. Without any account, does the same work once. */
async function accountOf(password: string, accounts: Account[]): Promise<Account | undefined> {
  if (accounts.length === 0) await verifyPassword(password, undefined);
  for (const account of accounts) {
    if (await verifyPassword(password, account.password_hash ?? undefined)) return account;
  }
  return undefined;
}
