export type Reconciliation = {
  at: string;
  durationMs: number;
  customers: number;
  /** Packages of our type in the Inventory. */
  packages: number;
  /** Customers with exactly one package. */
  matched: number;
  /** Customers whose delivery is unfinished: not an exception, but not a proof either. */
  onTheirWay: number;
  /** Customers with a package that are no longer in the CRM. */
  departed: number;
  exceptions: Record<ExceptionKind, number>;
  /** Every customer has exactly one package, and every package belongs to a customer. */
  proven: boolean;
};

/**
 * `missing`: a customer without a package. `double`: a customer with several packages. `ownerless`: a package of a
 * customer that was never seen. `unusable`: an entry of the CRM without a usable id.
 */
type ExceptionKind = 'missing' | 'double' | 'ownerless' | 'unusable';

export type ReconciliationException = {
  kind: ExceptionKind;
  /** Undefined for an entry or a package without a usable customer id. */
  customerId: number | undefined;
  detail: string;
};
