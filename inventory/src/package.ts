import { id, line, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

export const packageStatus = z.enum(['received']);

export type PackageStatus = z.output<typeof packageStatus>;

const packageType = line({ max: 100 }).meta({ example: 'welcome_pack_v1' });

export const packageInput = z
  .object({
    customerId: id,
    customerName: line({ max: 200 }).meta({ example: 'Alice Example' }),
    packageType: packageType.default('welcome_pack_v1'),
  })
  .meta({ id: 'PackageInput' });

/** What a package is asked for with; the older shape of the route has no name. */
export type PackageRequest = { customerId: number; customerName: string | null; packageType: string };

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

export const olderPackageInput = z
  .object({ customer_id: id, package_type: packageType })
  .meta({ id: 'OlderPackageInput' });

export const olderPackage = z
  .object({ id, customer_id: id, package_type: z.string(), status: packageStatus })
  .meta({ id: 'OlderPackage' });

export type OlderPackage = z.output<typeof olderPackage>;

export const batchMax = 500;
