import type { Transaction } from 'kysely';
import { findKeys, fingerprintOf, insertIdempotencyKeys, usedOtherwise } from '../db/idempotency-keys.ts';
import type { InventoryDatabase } from '../db/schema.ts';

export type Keyed = { idempotencyKey: string | undefined };

/** `isReplay`: the key was used before, so nothing changed now; `left` is what the first use left. */
export type Made<T> = { left: T; isReplay: boolean };

/**
 * Makes a change of the stock once, permanently: the key is stored in the transaction of the change, with what the change
 * left. A change that fails stores no key, so the key stays free. Without a key, every call makes the change.
 * @throws AppError `unprocessable` if the key was used for a different request.
 */
export async function once<T extends object>(
  trx: Transaction<InventoryDatabase>,
  { idempotencyKey: key, request }: Keyed & { request: object },
  make: () => Promise<T>,
): Promise<Made<T>> {
  if (key === undefined) return { left: await make(), isReplay: false };
  const fingerprint = fingerprintOf(request);
  const known = (await findKeys(trx, [key])).get(key);
  if (known && known.fingerprint !== fingerprint) throw usedOtherwise();
  if (known) return { left: JSON.parse(String(known.answer)), isReplay: true };
  const left = await make();
  await insertIdempotencyKeys(trx, [{ key, package_id: null, fingerprint, answer: JSON.stringify(left) }]);
  return { left, isReplay: false };
}
