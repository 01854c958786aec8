import type { CustomerKey } from '../delivery.ts';

/**
 * The customers of the CRM add up: `customers` = `matched` + `onTheirWay` + `held` + `skipped` + `otherTypes` + `unseen`
 * + the exceptions `missing`, `double`, `misnamed` and `changed`.
 */
export type Reconciliation = {
  at: string;
  durationMs: number;
  customers: number;
  /** Packages of our type in the Inventory, for customers of our source. */
  packages: number;
  /** Customers with exactly one package. */
  matched: number;
  /** Customers whose delivery is unfinished: not an exception, but not a proof either. */
  onTheirWay: number;
  /** Customers of whom only a person can know whether they have a package. */
  held: number;
  /** Customers from before START_FROM, without a package. */
  skipped: number;
  /** Customers with a package of an earlier PACKAGE_TYPE. */
  otherTypes: number;
  /** Those types, at most ten. */
  types: string[];
  /** Customers whose package may be in the part of the Inventory's list that could not be read. */
  unseen: number;
  /** Customers with a package that are no longer in the CRM. */
  departed: number;
  /** Packages for customers of other sources. */
  otherSources: number;
  exceptions: Record<ExceptionKind, number>;
  /** Both lists were read to their end, every customer has exactly one package, and every package has its customer. */
  proven: boolean;
};

/**
 * `missing`: a customer without a package. `double`: a customer with several packages. `misnamed`: a customer whose
 * package seems to be that of another person. `changed`: an id that belongs to another person than the ledger recorded.
 * `ownerless`: a package of a customer that was never seen, or several of one that is gone. `unusable`: an entry of the
 * CRM without a usable id. `unread`: a list that was not read to its end.
 */
type ExceptionKind = 'missing' | 'double' | 'misnamed' | 'changed' | 'ownerless' | 'unusable' | 'unread';

export type ReconciliationException = {
  kind: ExceptionKind;
  /** Undefined for an entry or a package without a usable customer id, and for a list. */
  customerId: CustomerKey | undefined;
  detail: string;
};

export type Counts = Omit<Reconciliation, 'at' | 'durationMs' | 'proven'>;

export function emptyCounts(): Counts {
  return {
    customers: 0,
    packages: 0,
    matched: 0,
    onTheirWay: 0,
    held: 0,
    skipped: 0,
    otherTypes: 0,
    types: [],
    unseen: 0,
    departed: 0,
    otherSources: 0,
    exceptions: { missing: 0, double: 0, misnamed: 0, changed: 0, ownerless: 0, unusable: 0, unread: 0 },
  };
}

export function isProof({ onTheirWay, held, unseen, exceptions }: Counts): boolean {
  return onTheirWay + held + unseen === 0 && Object.values(exceptions).every((count) => count === 0);
}
