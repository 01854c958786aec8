/** Ours are numbers; another Inventory may give ids of any form. */
export type PackageId = number | string;

export type DeliveryState = 'pending' | 'retrying' | 'delivered' | 'dead';

/** A customer as seen in the CRM. */
export type SeenCustomer = {
  id: number;
  name: string;
  createdAt: string | undefined;
  /** Why no package can be requested: the delivery is dead from the start. */
  fault?: string;
};

/** Why a delivery is dead whose customer was deleted. It goes on if the CRM lists the customer again. */
export const departedReason = 'the CRM has this customer no longer';

/** How the fault of a customer begins that the CRM shows without a name. */
export const namelessReason = 'the CRM shows no name for this customer';

/** An entry of the CRM's list that names no customer. */
export type UnusableEntry = { entry: string; reason: string };

/**
 * What has to happen before the next post. `look`: a package may exist already. `read and look`: what the ledger knows of
 * the customer may be out of date, too.
 */
export type BeforePost = 'nothing' | 'look' | 'read and look';

/** A delivery claimed for an attempt. */
export type ClaimedDelivery = {
  customerId: number;
  customerName: string;
  customerCreatedAt: string | undefined;
  /** Attempts made before this one; interrupted ones do not count. */
  attempts: number;
  /** Posts of all attempts, quick retries included; once an attempt has ended, with those of this attempt. */
  posts: number;
  /** Waits of the retry schedule that are used up. */
  waitsUsed: number;
  beforePost: BeforePost;
  /** The package of an earlier delivery that is replayed. */
  packageId: PackageId | undefined;
  waitingSince: string | null;
  /** When the last attempt failed. */
  failedAt: string | undefined;
};

/** Whose fault a failure is: this customer's alone, or that of a system that all customers depend on. */
type Whose = 'customer' | 'inventory' | 'crm';

/** The result of an attempt. */
export type Outcome =
  | { kind: 'delivered'; packageId: PackageId; status?: number; existed: boolean }
  | Retry
  | { kind: 'rejected'; reason: string; status?: number };

export type Retry = {
  kind: 'retry';
  reason: string;
  status?: number;
  /** The other side asks to be left alone for this many milliseconds. */
  afterMs?: number;
  /** The post may have taken effect. */
  inDoubt: boolean;
  whose: Whose;
};

/** What happens next after an attempt. */
export type Decision =
  | { state: 'delivered'; packageId: PackageId }
  | Retrying
  | { state: 'dead'; reason: string }
  /** Refused like every customer so far, while deliveries are paused for that. */
  | { state: 'pending'; reason: string };

export type Retrying = {
  state: 'retrying';
  /** `breaker`: due as soon as the breaker closes. `crm`: for as long as it takes. */
  waitsFor: 'schedule' | 'breaker' | 'crm';
  dueAt: string;
  waitMs: number;
  waitsUsed: number;
  reason: string;
  inDoubt: boolean;
};

/** What the CRM is told of a delivery that goes on. */
export type Progress = Pick<IntegrationResult, 'customer_id' | 'attempts' | 'error'>;

/** What the CRM is told. */
export type IntegrationResult = {
  customer_id: number;
  state: 'delivered' | 'failed';
  package_id: PackageId | null;
  /** Posts that went out for the customer. */
  attempts: number;
  error: string | null;
};
