import type { AccountAddress } from '@doorstep/kit/http/route.ts';
import { emailKey } from '@doorstep/kit/text/fold.ts';
import type { CrmContext } from '../context.ts';
import { findCustomer } from '../db/customers.ts';
import { findLastLogin } from '../db/login-addresses.ts';
import { hashed, knownMs } from '../login-address.ts';

type Means = Pick<CrmContext, 'db' | 'clock' | 'loginAddressKey'>;

/** Whether the owner of this login name has logged in from this address before. */
export async function isKnownAddress({ db, clock, loginAddressKey }: Means, from: AccountAddress): Promise<boolean> {
  const lastAt = await findLastLogin(db, hashed(loginAddressKey, from));
  return lastAt !== undefined && clock.now().getTime() - Date.parse(lastAt) < knownMs;
}

/** The same for a customer, whose login name is the email. */
export async function isKnownAddressOfCustomer(means: Means, id: number, address: string): Promise<boolean> {
  const customer = await findCustomer(means.db, id);
  return customer !== undefined && isKnownAddress(means, { account: emailKey(customer.email), address });
}
