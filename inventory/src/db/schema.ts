import type { Generated } from 'kysely';
import type { PackageStatus } from '../package.ts';

export type InventoryDatabase = {
  packages: {
    id: Generated<number>;
    customer_id: number;
    customer_name: string | null;
    package_type: string;
    status: PackageStatus;
    created_at: string;
  };
  idempotency_keys: {
    key: string;
    package_id: number;
    fingerprint: string;
  };
};
