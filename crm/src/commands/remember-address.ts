import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { AccountAddress } from '@doorstep/kit/http/route.ts';
import type { CrmContext } from '../context.ts';
import { deleteOldLogins, findLastLogin, putLogin } from '../db/login-addresses.ts';
import { addressesMax, hashed, knownMs, sameLoginMs } from '../login-address.ts';

/**
 * Remembers from where an account has logged in, so that the wrong tries of others do not lock its owner out there. Kept in
 * the database: a restart during an attack, or another process of this CRM, must know it too. A login does not depend on
 * it: nothing is remembered while the database takes no writes.
 */
export async function rememberAddress(
  { db, write, clock, loginAddressKey }: Pick<CrmContext, 'db' | 'write' | 'clock' | 'loginAddressKey'>,
  from: AccountAddress,
): Promise<void> {
  const login = hashed(loginAddressKey, from);
  const nowMs = clock.now().getTime();
  const at = (ms: number) => new Date(ms).toISOString();
  try {
    const lastAt = await findLastLogin(db, login);
    if (lastAt !== undefined && Math.abs(nowMs - Date.parse(lastAt)) < sameLoginMs) return;
    await write(async (trx) => {
      await putLogin(trx, { ...login, last_at: at(nowMs) });
      await deleteOldLogins(trx, { account: login.account, keptMax: addressesMax, before: at(nowMs - knownMs) });
    });
  } catch (error) {
    if (!isUnavailable(error) && !(error instanceof AppError)) throw error;
  }
}
