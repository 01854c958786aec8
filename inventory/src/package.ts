import { type ForeignId, foreignId, shownForeignId } from '@doorstep/kit/http/foreign-id.ts';
import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { label, name } from '@doorstep/kit/http/texts.ts';
import { z } from 'zod';

/** `backordered`: an item of the package is short. It becomes `received` automatically when its items are in stock. */
export const packageStatus = z.enum(['backordered', 'received', 'packed', 'shipped', 'delivered', 'cancelled']);

export type PackageStatus = z.output<typeof packageStatus>;

/** The status changes that a caller may request. */
export const nextStatuses: Record<PackageStatus, PackageStatus[]> = {
  backordered: ['cancelled'],
  received: ['packed', 'cancelled'],
  packed: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: [],
  // reinstated: it takes its items anew, or is backordered
  cancelled: ['received'],
};

/** The package has taken its items and is not shipped yet. */
export const heldStatuses: PackageStatus[] = ['received', 'packed'];

export const packageType = label({ max: 100 }).meta({ example: 'welcome_pack_v1' });

export const packageInput = z
  .object({
    customerId: foreignId,
    customerName: name({ max: 200 }).meta({ example: 'Alice Example' }),
    packageType: packageType.default('welcome_pack_v1'),
  })
  .meta({ id: 'PackageInput' });

/** `customerName` is null in the older shape of the route. */
export type PackageRequest = { customerId: ForeignId; customerName: string | null; packageType: string };

export type KeyedRequest = { request: PackageRequest; idempotencyKey: string | undefined };

export const welcomePackage = z
  .object({
    id,
    customerId: shownForeignId,
    customerName: z.string().nullable(),
    packageType: z.string(),
    status: packageStatus,
    createdAt: timestamp,
  })
  .meta({ id: 'Package' });

export type WelcomePackage = z.output<typeof welcomePackage>;

/** The package of a request; `isNew` is false if the package already existed. */
export type Creation = { package: WelcomePackage; isNew: boolean };

export const packageItem = z
  .object({
    item_id: id,
    sku: z.string().nullable().meta({ description: 'Null if the item has been deleted' }),
    name: z.string().nullable(),
    quantity: z.int().meta({ example: 1 }),
  })
  .meta({ id: 'PackageItem' });

export const olderPackageInput = z
  .object({ customer_id: foreignId, package_type: packageType })
  .meta({ id: 'OlderPackageInput' });

export const olderPackage = z
  .object({ id, customer_id: shownForeignId, package_type: z.string(), status: packageStatus })
  .meta({ id: 'OlderPackage' });

export type OlderPackage = z.output<typeof olderPackage>;

export const batchMax = 500;
