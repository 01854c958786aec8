import type { IntegrationResult, Outcome, PackageId, Retry, SeenCustomer } from './delivery.ts';

/** Where customers come from. */
export type CustomerSource = {
  /** Customers with an id above `after`, in id order. */
  fetchPage(after: number): Promise<CustomerPage | { kind: 'unavailable'; reason: string }>;
  /** Tells what became of packages, of at most 500 customers. Safe to repeat. */
  report(results: IntegrationResult[]): Promise<'accepted' | 'unsupported' | { reason: string }>;
};

export type CustomerPage = {
  kind: 'page';
  customers: SeenCustomer[];
  more: boolean;
  /** Entries without a usable id. */
  unusable: number;
};

/** Where packages are requested. What goes wrong there is an answer too; only a bug throws. */
export type PackageTarget = {
  /** Requests a package. `conflict`: there may be one already, to be looked for; where there is none, it is `otherwise`. */
  create(request: PackageRequest): Promise<Outcome | { kind: 'conflict'; otherwise: Outcome }>;
  /** Looks for the customer's package. `unknown`: the target cannot be asked. */
  find(customerId: number): Promise<{ kind: 'found'; packageId: PackageId } | { kind: 'none' | 'unknown' } | Retry>;
};

export type PackageRequest = { customerId: number; customerName: string; idempotencyKey: string };
