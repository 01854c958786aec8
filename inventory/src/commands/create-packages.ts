import { createHash } from 'node:crypto';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Transaction } from 'kysely';
import { waitingTypes } from '../db/backorders.ts';
import { findFingerprints, insertIdempotencyKeys } from '../db/idempotency-keys.ts';
import { readKitsWithStock } from '../db/kits.ts';
import { insertPackageItems } from '../db/package-items.ts';
import { storeSpellings } from '../db/package-types.ts';
import { toPackage } from '../db/package-views.ts';
import { type Insertion, insertPackages, updateStatuses } from '../db/packages.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import type { Creation, KeyedRequest, PackageRequest } from '../package.ts';
import { takeKit } from '../stock/take-kit.ts';
import { changeStock, type StockContext, type StockWrite, writeStock } from '../stock/write-stock.ts';

/**
 * Returns the package of each request, in order: a new one, or the existing one of that customer and type. A new
 * package takes the items of its kit from the stock; if one is short, it takes nothing and is backordered. Safe to
 * repeat.
 */
export function createPackages(context: StockContext, requests: PackageRequest[]): Promise<Creation[]> {
  return writeStock(context, async (write) => insertAll(write, await spelledAlike(write, requests)));
}

/**
 * Like `createPackages`, for one request. The idempotency key is stored in the transaction of the package, permanently.
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
  const known = await findFingerprints(
    write.trx,
    asked.flatMap(({ idempotencyKey }) => idempotencyKey ?? []),
  );
  const newKeys = new Map<string, KeyedRequest>();
  // a request whose key belongs to a different request takes no stock
  const good = asked.filter((one) => {
    const { request, idempotencyKey: key } = one;
    if (key === undefined) return true;
    const fingerprint = fingerprintOf(request);
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
    return { key, package_id: creations.get(one)?.package.id as number, fingerprint: known.get(key) as string };
  });
  await insertIdempotencyKeys(write.trx, keys);
  return asked.map(
    (one) =>
      creations.get(one) ??
      new AppError('unprocessable', 'This Idempotency-Key was already used for a different request'),
  );
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
  const backordered = await takeItems(
    write,
    insertions.filter(({ isNew }) => isNew),
  );
  return insertions.map(({ row, isNew }) => {
    return { package: toPackage(backordered.has(row.id) ? { ...row, status: 'backordered' } : row), isNew };
  });
}

/** Takes the kits of new packages from the stock. Returns the ids of the packages that are short of an item. */
async function takeItems({ trx, stock, backordered }: StockWrite, made: Insertion[]): Promise<Set<number>> {
  const types = [...new Set(made.map(({ row }) => row.package_type))];
  if (types.length === 0) return new Set();
  const { kits, stocked } = await readKitsWithStock(trx, types);
  if (kits.size === 0) return new Set();
  await stock.load(stocked);
  // a new package waits behind older back-orders of its type, even if there is enough for it
  const queued = await waitingTypes(trx, kits.keys());
  const taken = [];
  const short = new Set<number>();
  for (const { row } of made.toSorted((a, b) => a.row.id - b.row.id)) {
    const wanted = kits.get(row.package_type) ?? [];
    const isFirst = !queued.has(row.package_type);
    if (isFirst && !takeKit(stock, row.id, wanted)) {
      taken.push(...wanted.map((item) => ({ package_id: row.id, ...item })));
      continue;
    }
    queued.add(row.package_type);
    short.add(row.id);
    backordered.push({ packageId: row.id, packageType: row.package_type, short: stock.shortOf(wanted), isFirst });
  }
  await updateStatuses(trx, [...short], 'backordered');
  await insertPackageItems(trx, taken);
  return short;
}

function fingerprintOf({ customerId, customerName, packageType }: PackageRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([customerId, customerName, packageType]))
    .digest('base64url');
}
