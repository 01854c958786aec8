import { id, line, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

/** `backordered`: something that belongs into it is short. It becomes `received` by itself once its items are in stock. */
export const packageStatus = z.enum(['backordered', 'received', 'packed', 'shipped', 'delivered', 'cancelled']);

export type PackageStatus = z.output<typeof packageStatus>;

/** What a person may make of a package. */
export const nextStatuses: Record<PackageStatus, PackageStatus[]> = {
  backordered: ['cancelled'],
  received: ['packed', 'cancelled'],
  packed: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: [],
  cancelled: [],
};

/** Its items are out of stock and still in the house. */
export const heldStatuses: PackageStatus[] = ['received', 'packed'];

export const packageType = line({ max: 100 }).meta({ example: 'welcome_pack_v1' });

export const packageInput = z
  .object({
    customerId: id,
    customerName: line({ max: 200 }).meta({ example: 'Alice Example' }),
    packageType: packageType.default('welcome_pack_v1'),
  })
  .meta({ id: 'PackageInput' });

/** What a package is asked for with; the older shape of the route has no name. */
export type PackageRequest = { customerId: number; customerName: string | null; packageType: string };

export type KeyedRequest = { request: PackageRequest; idempotencyKey: string | undefined };

export const welcomePackage = z
  .object({
    id,
    customerId: id,
    customerName: z.string().nullable(),
    packageType: z.string(),
    status: packageStatus,
    createdAt: timestamp,
  })
  .meta({ id: 'Package' });

export type WelcomePackage = z.output<typeof welcomePackage>;

/** The package that a request has come to; one that was there already is not new. */
export type Creation = { package: WelcomePackage; isNew: boolean };

export const packageItem = z
  .object({
    item_id: id,
    sku: z.string().nullable().meta({ description: 'Null where the item has been deleted since' }),
    name: z.string().nullable(),
    quantity: z.int().meta({ example: 1 }),
  })
  .meta({ id: 'PackageItem' });

export const olderPackageInput = z
  .object({ customer_id: id, package_type: packageType })
  .meta({ id: 'OlderPackageInput' });

export const olderPackage = z
  .object({ id, customer_id: id, package_type: z.string(), status: packageStatus })
  .meta({ id: 'OlderPackage' });

export type OlderPackage = z.output<typeof olderPackage>;

export const batchMax = 500;
