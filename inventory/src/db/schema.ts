import type { Generated } from 'kysely';
import type { PackageStatus } from '../package.ts';

export type InventoryDatabase = {
  packages: {
    id: Generated<number>;
    /** An id from another system, as text, in whichever form it came. */
    customer_id: string;
    customer_name: string | null;
    package_type: string;
    status: PackageStatus;
    created_at: string;
  };
  /** Every package type that a package or a kit was requested for, in the order of first use. */
  package_types: {
    id: Generated<number>;
    name: string;
    /** What `seenForm` makes of the name. */
    key: string;
  };
  idempotency_keys: {
    key: string;
    /** The package that a request with the key created or found; null for any other change. */
    package_id: number | null;
    fingerprint: string;
    /** What the change left, as JSON. A repeated request for a package is answered with the package as it is now. */
    answer: string | null;
  };
  items: {
    id: Generated<number>;
    name: string;
    /** What `searchKey` makes of the name. */
    name_key: string;
    description: string | null;
    sku: string;
    /** `sku_key`, `category_key` and `brand_key` are what `alikeKey` makes of these fields. */
    sku_key: string;
    price_cents: number;
    cost_cents: number | null;
    quantity: number;
    min_quantity: number;
    max_quantity: number | null;
    /** 0 or 1 */
    is_active: number;
    category: string | null;
    category_key: string | null;
    brand: string | null;
    brand_key: string | null;
    weight: number | null;
    dimensions: string | null;
    customer_id: string | null;
    /** Incremented by every change of the row. */
    version: Generated<number>;
    created_at: string;
    updated_at: string;
  };
  movements: {
    id: Generated<number>;
    item_id: number;
    change: number;
    before: number;
    after: number;
    reason: string;
    package_id: number | null;
    created_at: string;
  };
  kits: {
    id: Generated<number>;
    package_type: string;
    updated_at: string;
  };
  kit_items: {
    kit_id: number;
    item_id: number;
    quantity: number;
  };
  package_items: {
    package_id: number;
    item_id: number;
    quantity: number;
  };
  low_stock_alerts: {
    id: Generated<number>;
    item_id: number;
    message_id: string;
    /** JSON */
    body: string;
    attempts: Generated<number>;
    next_attempt_at: string;
    /** Null while the alert waits. */
    sent_at: Generated<string | null>;
    created_at: string;
  };
};
