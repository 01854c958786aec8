import type { Transaction } from 'kysely';
import { findKeys, fingerprintOf, insertIdempotencyKeys, usedOtherwise } from '../db/idempotency-keys.ts';
import { storeSpellings } from '../db/package-types.ts';
import { toPackage } from '../db/package-views.ts';
import { insertPackages } from '../db/packages.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import type { Creation, KeyedRequest, PackageRequest } from '../package.ts';
import { takeKits } from '../stock/take-kits.ts';
import { changeStock, type StockContext, type StockWrite, writeStock } from '../stock/write-stock.ts';
import { type Made, once } from './once.ts';

/**
 * Returns the package of each request, in order: a new one, or the existing one of that customer and type. A new
 * package takes the items of its kit from the stock; if one is short, it takes nothing and is backordered. Safe to
 * repeat. With an idempotency key, a repeated call returns what the first one returned.
 * @throws AppError `unprocessable` if the key was used for a different request.
 */
export async function createPackages(
  context: StockContext,
  requests: PackageRequest[],
  idempotencyKey: string | undefined,
): Promise<Made<Creation[]>> {
  // a batch without a valid entry must not use up its key
  if (requests.length === 0) return { left: [], isReplay: false };
  return writeStock(context, async (write) => {
    const spelled = await spelledAlike(write, requests);
    const request = { packages: spelled.map(toParts) };
    return once(write.trx, { idempotencyKey, request }, () => insertAll(write, spelled));
  });
}

/**
 * Like `createPackages`, for one request. The idempotency key is stored in the transaction of the package, permanently;
 * a repeated call returns the package as it is then.
 * @throws AppError `unprocessable` if the key was used for a different request.
 */
export async function createPackage(
  context: StockContext,
  request: PackageRequest,
  idempotencyKey: string | undefined,
): Promise<Creation> {
  const { creation, news } = await context.write.together(createTogether, { request, idempotencyKey }, context);
  if (news) context.tell(news);
  return creation;
}

/** The first creation carries the news of the group, so it is reported once. Rejected requests make no news. */
async function createTogether(trx: Transaction<InventoryDatabase>, asked: KeyedRequest[], context: StockContext) {
  const { value, news } = await changeStock(trx, context, (write) => createEach(write, asked));
  const first = value.findIndex((creation) => !(creation instanceof Error));
  return value.map((creation, place) => {
    return creation instanceof Error ? creation : { creation, news: place === first ? news : undefined };
  });
}

async function createEach(write: StockWrite, given: KeyedRequest[]): Promise<(Creation | Error)[]> {
  const spelled = await spelledAlike(
    write,
    given.map(({ request }) => request),
  );
  const asked = given.map((one, place) => ({ ...one, request: spelled[place] as PackageRequest }));
  const stored = await findKeys(
    write.trx,
    asked.flatMap(({ idempotencyKey }) => idempotencyKey ?? []),
  );
  const known = new Map([...stored].map(([key, { fingerprint }]) => [key, fingerprint]));
  const newKeys = new Map<string, KeyedRequest>();
  // a request whose key belongs to a different request takes no stock
  const good = asked.filter((one) => {
    const { request, idempotencyKey: key } = one;
    if (key === undefined) return true;
    const fingerprint = fingerprintOf(toParts(request));
    if (!known.has(key)) newKeys.set(key, one);
    known.set(key, known.get(key) ?? fingerprint);
    return known.get(key) === fingerprint;
  });
  const made = await insertAll(
    write,
    good.map(({ request }) => request),
  );
  const creations = new Map(good.map((one, place) => [one, made[place] as Creation]));
  const keys = [...newKeys].map(([key, one]) => {
    const package_id = creations.get(one)?.package.id as number;
    return { key, package_id, fingerprint: known.get(key) as string, answer: null };
  });
  await insertIdempotencyKeys(write.trx, keys);
  return asked.map((one) => creations.get(one) ?? usedOtherwise());
}

/** The requests with their package types as they are stored. */
async function spelledAlike({ trx }: StockWrite, requests: PackageRequest[]): Promise<PackageRequest[]> {
  const spellingOf = await storeSpellings(
    trx,
    requests.map(({ packageType }) => packageType),
  );
  return requests.map((request) => ({ ...request, packageType: spellingOf(request.packageType) }));
}

async function insertAll(write: StockWrite, requests: PackageRequest[]): Promise<Creation[]> {
  const insertions = await insertPackages(
    write.trx,
    requests.map(({ customerId, customerName, packageType }) => ({
      customer_id: String(customerId),
      customer_name: customerName,
      package_type: packageType,
      status: 'received' as const,
      created_at: write.stock.time,
    })),
  );
  const backordered = await takeKits(
    write,
    insertions.filter(({ isNew }) => isNew).map(({ row }) => row),
  );
  return insertions.map(({ row, isNew }) => {
    return { package: toPackage(backordered.has(row.id) ? { ...row, status: 'backordered' } : row), isNew };
  });
}

/** For the fingerprint of a request. */
function toParts({ customerId, customerName, packageType }: PackageRequest) {
  return [customerId, customerName, packageType];
}
