import type { BeforePost } from './before-post.ts';

/** Ours are numbers; another Inventory may give ids of any form. */
export type PackageId = number | string;

/** A customer's id: a number if it looks like one and is exact as one, else text. */
export type CustomerKey = number | string;

export type DeliveryState = 'pending' | 'retrying' | 'delivered' | 'dead' | 'held' | 'skipped';

/** A customer as seen in the CRM. */
export type SeenCustomer = {
  id: CustomerKey;
  name: string;
  createdAt: string | undefined;
  /** Why no package can be requested yet. The customer is read again on the retry schedule. */
  fault?: string;
};

/** Why a delivery is dead whose customer was deleted. It goes on if the CRM lists the customer again. */
export const departedReason = 'the CRM has this customer no longer';

/** Why a delivery is skipped. It can be replayed. */
export const skippedReason = 'it was in the CRM before START_FROM';
/** How the fault of a customer begins that the CRM shows without a name. */
export const namelessReason = 'the CRM shows no name for this customer';

/** An entry of the CRM's list that names no customer. */
export type UnusableEntry = { entry: string; reason: string };

/** A delivery claimed for an attempt. */
export type ClaimedDelivery = {
  customerId: CustomerKey;
  /** The number of a customer whose id is text. It stays in the ledger. */
  number?: number;
  customerName: string;
  /** The name before the CRM was read again: an earlier post may have been made under it. */
  earlierName?: string | undefined;
  customerCreatedAt: string | undefined;
  /** Attempts made before this one; interrupted ones do not count. */
  attempts: number;
  /** Posts of all attempts, quick retries included; once an attempt has ended, with those of this attempt. */
  posts: number;
  /** Waits of the retry schedule that are used up. */
  waitsUsed: number;
  beforePost: BeforePost;
  /** When the answer to an earlier post was lost, so that the package may exist. */
  doubtAt: string | undefined;
  /** When the CRM last showed the customer; undefined if that is not known. */
  readAt: string | undefined;
  /** Why the Inventory has refused the customer's record as it is known; it is posted again only with another name. */
  refusal: string | undefined;
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
  | { kind: 'delivered'; packageId: PackageId; status?: number; existed: boolean; bears?: Bears }
  | Retry
  /** `ofRecord`: the record of the customer may be the cause, and may be completed or corrected later. */
  | { kind: 'rejected'; reason: string; status?: number; ofRecord?: boolean }
  /** An earlier post may still take effect for this long, so a look-up that finds nothing proves nothing. */
  | { kind: 'unsettled'; waitMs: number; reason: string; status?: number }
  /** Only a person can know whether the package exists. */
  | { kind: 'held'; reason: string; status?: number };

/** What a package shows of its customer. */
export type Bears = { name: string | undefined; createdAt: string | undefined };

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
  | { state: 'dead' | 'held'; reason: string }
  /** Refused like every customer so far, while deliveries are paused for that. */
  | { state: 'pending'; reason: string };

export type Retrying = {
  state: 'retrying';
  /**
   * `breaker`: due as soon as the breaker closes. `record`: until the CRM shows another one, as long as the schedule.
   * `crm`: for as long as it takes. `settling`: until a post in doubt has taken effect or never will.
   */
  waitsFor: 'schedule' | 'breaker' | 'record' | 'crm' | 'settling';
  dueAt: string;
  waitMs: number;
  waitsUsed: number;
  reason: string;
  inDoubt: boolean;
  /** The Inventory refuses the record. */
  isRefused: boolean;
};

/** What the CRM is told of a delivery that goes on. */
export type Progress = Pick<IntegrationResult, 'customer_id' | 'attempts' | 'error'>;

/** What the CRM is told. */
export type IntegrationResult = {
  customer_id: CustomerKey;
  state: 'delivered' | 'failed';
  package_id: PackageId | null;
  /** Posts that went out for the customer. */
  attempts: number;
  error: string | null;
};
