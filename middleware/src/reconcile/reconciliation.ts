/** How a comparison of both sides ended. */
export type Reconciliation = {
  at: string;
  durationMs: number;
  /** Customers in the CRM. */
  customers: number;
  /** Packages of our type in the Inventory. */
  packages: number;
  /** Customers with exactly one package. */
  matched: number;
  /** Customers whose package is yet to be requested, or tried again: no exceptions, but no proof either. */
  onTheirWay: number;
  /** Customers who have left the CRM and had a package. */
  departed: number;
  exceptions: Record<ExceptionKind, number>;
  /** Every customer has exactly one package, and no package belongs to nobody. */
  proven: boolean;
};

/**
 * `missing`: a customer without a package. `double`: one with more than one. `ownerless`: a package of a customer
 * nobody has ever seen. `unusable`: an entry of the CRM that names no customer.
 */
type ExceptionKind = 'missing' | 'double' | 'ownerless' | 'unusable';

export type ReconciliationException = {
  kind: ExceptionKind;
  /** Undefined for an entry, or a package, that names none. */
  customerId: number | undefined;
  detail: string;
};
