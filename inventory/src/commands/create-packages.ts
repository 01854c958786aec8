import { createHash } from 'node:crypto';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Transaction } from 'kysely';
import type { InventoryContext } from '../context.ts';
import { insertIdempotencyKey } from '../db/idempotency-keys.ts';
import { toPackage } from '../db/package-views.ts';
import { insertPackages } from '../db/packages.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import type { PackageRequest, WelcomePackage } from '../package.ts';

export type Creation = { package: WelcomePackage; isNew: boolean };

/** Gives for each request, in order, its package: a new one, or the one that its customer has of that type. Safe to repeat. */
export function createPackages(context: InventoryContext, requests: PackageRequest[]): Promise<Creation[]> {
  return context.write((trx) => insertAll(context, trx, requests));
}

/**
 * As `createPackages`, for one. The idempotency key is kept with the package, in its transaction, for ever.
 * @throws AppError `unprocessable` where the key came with another request before.
 */
export function createPackage(
  context: InventoryContext,
  request: PackageRequest,
  idempotencyKey: string | undefined,
): Promise<Creation> {
  return context.write(async (trx) => {
    const [creation] = (await insertAll(context, trx, [request])) as [Creation];
    if (idempotencyKey === undefined) return creation;
    const fingerprint = fingerprintOf(request);
    const kept = await insertIdempotencyKey(trx, {
      key: idempotencyKey,
      package_id: creation.package.id,
      fingerprint,
    });
    // thrown inside the write, so that the package just made is undone with it
    if (kept !== fingerprint)
      throw new AppError('unprocessable', 'This Idempotency-Key came with another request before');
    return creation;
  });
}

async function insertAll(
  { clock }: InventoryContext,
  trx: Transaction<InventoryDatabase>,
  requests: PackageRequest[],
): Promise<Creation[]> {
  const created_at = clock.now().toISOString();
  const insertions = await insertPackages(
    trx,
    requests.map(({ customerId, customerName, packageType }) => ({
      customer_id: customerId,
      customer_name: customerName,
      package_type: packageType,
      status: 'received' as const,
      created_at,
    })),
  );
  return insertions.map(({ row, isNew }) => ({ package: toPackage(row), isNew }));
}

function fingerprintOf({ customerId, customerName, packageType }: PackageRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([customerId, customerName, packageType]))
    .digest('base64url');
}
