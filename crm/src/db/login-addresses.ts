import type { Kysely, Transaction } from 'kysely';
import type { CrmDatabase } from './schema.ts';

type LoginAddress = CrmDatabase['login_addresses'];

/** When the account last logged in from this address. */
export async function findLastLogin(
  db: Kysely<CrmDatabase>,
  { account, address }: Pick<LoginAddress, 'account' | 'address'>,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('login_addresses')
    .select('last_at')
    .where('account', '=', account)
    .where('address', '=', address)
    .executeTakeFirst();
  return row?.last_at;
}

export async function putLogin(trx: Transaction<CrmDatabase>, login: LoginAddress): Promise<void> {
  await trx
    .insertInto('login_addresses')
    .values(login)
    .onConflict((conflict) => conflict.columns(['account', 'address']).doUpdateSet({ last_at: login.last_at }))
    .execute();
}

/** Deletes the oldest addresses of an account beyond `keptMax`, and all logins before this time. */
export async function deleteOldLogins(
  trx: Transaction<CrmDatabase>,
  { account, keptMax, before }: { account: string; keptMax: number; before: string },
): Promise<void> {
  await trx.deleteFrom('login_addresses').where('last_at', '<', before).execute();
  await trx
    .deleteFrom('login_addresses')
    .where('account', '=', account)
    .where('address', 'not in', (eb) =>
      eb
        .selectFrom('login_addresses')
        .select('address')
        .where('account', '=', account)
        .orderBy('last_at', 'desc')
        .limit(keptMax),
    )
    .execute();
}
