import { toForeignId } from '@doorstep/kit/http/foreign-id.ts';
import type { OlderPackage, WelcomePackage } from '../package.ts';
import type { PackageRow } from './packages.ts';

export function toPackage(row: PackageRow): WelcomePackage {
  return {
    id: row.id,
    customerId: toForeignId(row.customer_id),
    customerName: row.customer_name,
    packageType: row.package_type,
    status: row.status,
    createdAt: row.created_at,
  };
}

/** The same in the shape of `/package_requests`. */
export function toOlderPackage({ id, customerId, packageType, status }: WelcomePackage): OlderPackage {
  return { id, customer_id: customerId, package_type: packageType, status };
}
