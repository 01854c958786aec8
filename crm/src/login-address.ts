import { createHmac, hkdfSync } from 'node:crypto';
import type { AccountAddress } from '@doorstep/kit/http/route.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** How long an address stays known after the last login from it. */
export const knownMs = 90 * dayMs;
/** A login is not written down again within this time. */
export const sameLoginMs = dayMs;
/** The latest ones of an account: home, office, a phone that moves. */
export const addressesMax = 8;

/** Without a key of its own, a hash of an address would be found by trying all four billion addresses. */
export function loginAddressKey(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'doorstep login addresses', 32));
}

/** The account and the address as the database stores them. */
export function hashed(key: Buffer, { account, address }: AccountAddress): AccountAddress {
  const hash = (...parts: string[]) => createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
  return { account: hash(account), address: hash(account, address) };
}
