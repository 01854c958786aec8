import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';
import { repair } from '../src/commands/repair.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { SeenCustomer } from '../src/delivery.ts';
import type { PackagePage, PackageTarget } from '../src/ports.ts';
import { type ReconcileOptions, reconcile } from '../src/reconcile/reconcile.ts';
import type { ReconciliationException } from '../src/reconcile/reconciliation.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, fakeSource, fakeTarget, owner, testContext } from './fakes.ts';

export type FakeTarget = ReturnType<typeof fakeTarget>;

/** A ledger one minute after its first round of deliveries. */
export async function aLedger(kind: DatabaseKind, customers: SeenCustomer[], target = fakeTarget()) {
  const source = fakeSource(customers);
  const test = await testContext(kind, { source, target });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  test.clock.advance(60_000);
  return { ...test, source, target, sync };
}

/** The result of a reconciliation, with its exceptions. */
export async function compare(context: MiddlewareContext, options: Partial<ReconcileOptions> = {}) {
  const found: ReconciliationException[] = [];
  const result = await reconcile(context, { onException: (exception) => found.push(exception), ...options });
  if (result.kind !== 'done') throw new Error(result.reason);
  return { ...result.reconciliation, found };
}

export function compareAndRepair(context: MiddlewareContext) {
  const onMissing: ReconcileOptions['onMissing'] = (customers) => {
    const ids = customers.map(({ customerId }) => customerId);
    return repair(context, ids);
  };
  return compare(context, { onMissing });
}

export const packed = '2026-01-01T00:00:10.000Z';

/** An Inventory that shows whose its packages are and, unless there is none, since when. */
export function showing(target: FakeTarget, createdAt: string | undefined = packed): PackageTarget {
  const fetchPackages: PackageTarget['fetchPackages'] = async (after) => {
    const page = await target.fetchPackages(after);
    return { ...page, packages: page.packages.map((one) => ({ ...one, bears: { name: one.name, createdAt } })) };
  };
  return { ...target, fetchPackages };
}

/** An Inventory with pages of `size` packages. */
export function inPages(target: FakeTarget, size: number): PackageTarget {
  const fetchPackages = async (after: number): Promise<PackagePage> => {
    const rest = target.packages.filter(({ id }) => Number(id) > after).slice(0, size + 1);
    const next = rest.length > size ? Number(rest[size - 1]?.id) : undefined;
    return { kind: 'page', packages: rest.slice(0, size), next };
  };
  return { ...target, fetchPackages };
}

export function addPackage(target: FakeTarget, customerId: number): void {
  target.make({ customerId, customerName: 'somebody', idempotencyKey: '' });
}

export function removePackage(target: FakeTarget, customerId: number): void {
  const index = target.packages.findIndex((made) => made.customerId === customerId);
  target.packages.splice(index, 1);
}

export const customers = (...ids: number[]) => ids.map((id) => aCustomer(id));

export const rejected = () => ({ kind: 'rejected', reason: 'Inventory answered 410: no', status: 410 }) as const;
export const noExceptions = {
  missing: 0,
  double: 0,
  misnamed: 0,
  changed: 0,
  ownerless: 0,
  unusable: 0,
  unread: 0,
};
