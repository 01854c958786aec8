/** Ours are numbers; another Inventory may give ids of any form. */
export type PackageId = number | string;

export type DeliveryState = 'pending' | 'retrying' | 'delivered' | 'dead';

/** A customer as seen in the CRM. */
export type SeenCustomer = {
  id: number;
  name: string;
  createdAt: string | undefined;
  /** Why no package can be requested: it is a dead letter from the start. */
  fault?: string;
};

/** Why a delivery is dead whose customer was deleted. Should the CRM list the customer again, it goes on. */
export const departedReason = 'the CRM has this customer no longer';

/** An entry of the CRM's list that names no customer. */
export type UnusableEntry = { entry: string; reason: string };

/** A delivery taken up for an attempt. */
export type ClaimedDelivery = {
  customerId: number;
  customerName: string;
  customerCreatedAt: string | undefined;
  /** Attempts made before this one; interrupted ones do not count. */
  attempts: number;
  /** Waits of the retry schedule that are used up. */
  waitsUsed: number;
  /** A package may exist already: look before posting. */
  inDoubt: boolean;
  /** The customer may have changed: read it again before posting. */
  stale: boolean;
  /** The package that stood once, where this is a replay. */
  packageId: PackageId | undefined;
  /** When the last attempt failed. */
  failedAt: string | undefined;
};

/** What became of an attempt. */
export type Outcome =
  | { kind: 'delivered'; packageId: PackageId; status?: number; existed: boolean }
  | Retry
  | { kind: 'rejected'; reason: string; status?: number };

export type Retry = {
  kind: 'retry';
  reason: string;
  status?: number;
  /** Not before this many milliseconds, says the other side. */
  afterMs?: number;
  /** The post may have taken effect all the same. */
  inDoubt: boolean;
  /** Whoever had been in this customer's place would have fared the same. */
  forEverybody: boolean;
};

/** What happens next after an attempt. */
export type Decision =
  | { state: 'delivered'; packageId: PackageId }
  | { state: 'retrying'; dueAt: string; waitMs: number; waitsUsed: number; reason: string; inDoubt: boolean }
  | { state: 'dead'; reason: string };

/** What is told to the CRM. */
export type IntegrationResult = {
  customer_id: number;
  state: 'delivered' | 'failed';
  package_id: PackageId | null;
  attempts: number;
  error: string | null;
};
