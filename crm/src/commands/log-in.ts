import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import { emailKey, seenForm } from '@doorstep/kit/text/fold.ts';
import type { Turn } from '@doorstep/kit/work/turns.ts';
import type { CrmContext } from '../context.ts';
import { findAdmin } from '../db/admins.ts';
import { type CustomerRow, listCustomersByEmail } from '../db/customers.ts';
import { replaceHash } from '../db/password-hashes.ts';
import type { Work } from '../password-work.ts';

/**
 * Returns a token for the admin with this name or the customer with this email. Takes as long for an unknown name.
 * @throws AppError `unauthorized`, with one message for an unknown name and a wrong password, or `unavailable` if too many
 * log in.
 */
export async function logIn(
  { db, write, tokens, tokenExpiresSeconds, passwordWork }: CrmContext,
  { username, password }: { username: string; password: string },
  turn: Turn,
) {
  const account = await passwordWork(turn, async (work) => {
    const found = await accountOf(await listAccounts(db, username), (hash) => work.verify(password, hash));
    return found && { ...found, newHash: await hashInForm(work, password, found.password_hash) };
  });
  if (!account) throw new AppError('unauthorized', 'Wrong username or password');
  const { table, id, password_hash: from, newHash: to, claims } = account;
  if (from !== null && to !== undefined) await write((trx) => replaceHash(trx, { table, id, from, to }));
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

/** The account whose password `verify` accepts. Without any account, does the same work once. */
async function accountOf(
  accounts: Account[],
  verify: (hash: string | undefined) => Promise<boolean>,
): Promise<Account | undefined> {
  if (accounts.length === 0) await verify(undefined);
  for (const account of accounts) if (await verify(account.password_hash ?? undefined)) return account;
  return undefined;
}

/** A new hash for a password whose hash is of another form of it. */
async function hashInForm(work: Work, password: string, hash: string | null): Promise<string | undefined> {
  return hash !== null && (await work.isHashedAsTyped(password, hash)) ? work.hash(password) : undefined;
}
