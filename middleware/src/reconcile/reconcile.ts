import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MiddlewareContext } from '../context.ts';
import { readCursor } from '../db/cursor.ts';
import { listStates } from '../db/deliveries.ts';
import { writeFact } from '../db/facts.ts';
import { fetchReadable } from '../intake/read-page.ts';
import { explainMissing, type MissingCustomer } from './explain-missing.ts';
import type { Reconciliation, ReconciliationException } from './reconciliation.ts';
import { createScratch, type Scratch } from './scratch.ts';

export type ReconcileOptions = {
  onException(exception: ReconciliationException): void;
  /** Called with batches of customers without a package, which count as missing even if this repairs them. */
  onMissing?(customers: MissingCustomer[]): Promise<void>;
  /** Called after each page with the number of customers or packages on it. */
  onProgress?(read: number): void;
  signal?: AbortSignal;
};

type Result = { kind: 'done'; reconciliation: Reconciliation } | { kind: 'unavailable'; reason: string };

/**
 * Compares all customers with all packages, in flat memory. Stores the result in the ledger and returns it; returns
 * `unavailable` if one side cannot be read to its end. Safe to repeat, and safe beside a running daemon: a package that
 * is created meanwhile is no exception.
 */
export async function reconcile(context: MiddlewareContext, options: ReconcileOptions): Promise<Result> {
  using scratch = createScratch();
  const startMs = context.clock.monotonicMs();
  const since = context.clock.now().toISOString();
  const counts = emptyCounts();
  const onException = (exception: ReconciliationException) => {
    counts.exceptions[exception.kind] += 1;
    options.onException(exception);
  };
  const own = { ...options, onException };
  const failure = (await readCustomers(context, scratch, own)) ?? (await readPackages(context, scratch, own, counts));
  if (failure) return { kind: 'unavailable', reason: failure };
  await compare(context, { scratch, options: own, counts, since });
  const { exceptions, onTheirWay } = counts;
  const reconciliation: Reconciliation = {
    at: context.clock.now().toISOString(),
    durationMs: Math.round(context.clock.monotonicMs() - startMs),
    ...counts,
    proven: onTheirWay === 0 && Object.values(exceptions).every((count) => count === 0),
  };
  await context.write((trx) => writeFact(trx, 'reconciliation', reconciliation));
  return { kind: 'done', reconciliation };
}

type Counts = Omit<Reconciliation, 'at' | 'durationMs' | 'proven'>;

function emptyCounts(): Counts {
  const exceptions = { missing: 0, double: 0, ownerless: 0, unusable: 0 };
  return { customers: 0, packages: 0, matched: 0, onTheirWay: 0, departed: 0, exceptions };
}

async function readCustomers(context: MiddlewareContext, scratch: Scratch, options: ReconcileOptions) {
  for (let after = 0; ; ) {
    options.signal?.throwIfAborted();
    const page = await fetchReadable(context.source, after, { skipsBroken: true });
    if (page.kind !== 'page') return page.reason;
    const ids = page.customers.map(({ id }) => id).filter((id) => id > after);
    scratch.addCustomers(ids);
    const isRepeated = ids.length < page.customers.length;
    if (!isRepeated) {
      for (const { reason } of page.unusable) {
        options.onException({ kind: 'unusable', customerId: undefined, detail: reason });
      }
    }
    options.onProgress?.(ids.length);
    const last = ids.at(-1);
    if (last === undefined || isRepeated || !page.more) return undefined;
    after = last;
  }
}

async function readPackages(
  { target }: MiddlewareContext,
  scratch: Scratch,
  { signal, onProgress, onException }: ReconcileOptions,
  counts: Counts,
) {
  for (let after: number | undefined = 0; after !== undefined; ) {
    signal?.throwIfAborted();
    const page = await target.fetchPackages(after);
    if (page.kind !== 'page') return page.reason;
    const owned = page.packages.flatMap(({ id, customerId }) => (customerId === undefined ? [] : { id, customerId }));
    scratch.addPackages(owned);
    for (const { id, customerId } of page.packages) {
      if (customerId !== undefined) continue;
      onException({ kind: 'ownerless', customerId, detail: `package ${id} has no valid customer id` });
    }
    counts.packages += page.packages.length;
    onProgress?.(page.packages.length);
    after = page.next;
  }
  return undefined;
}

type Comparison = { scratch: Scratch; options: ReconcileOptions; counts: Counts; since: string };

async function compare(context: MiddlewareContext, { scratch, options, counts, since }: Comparison) {
  const { onException, onMissing, signal } = options;
  counts.customers = scratch.countCustomers();
  counts.matched = counts.customers;
  const cursor = await readCursor(context.db);
  const lastRead = scratch.lastCustomer();
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const upTo = scratch.nextStep(after);
    if (upTo === undefined) return;
    const { missing, onTheirWay, skipped } = await explainMissing(context, scratch.missing(after, upTo), {
      cursor,
      since,
    });
    counts.onTheirWay += onTheirWay;
    counts.matched -= onTheirWay + skipped + missing.length;
    for (const { customerId, detail } of missing) onException({ kind: 'missing', customerId, detail });
    if (missing.length > 0) await onMissing?.(missing);
    for (const { customerId, packageIds, isCustomer } of scratch.double(after, upTo)) {
      onException({ kind: 'double', customerId, detail: `customer ${customerId} has the packages ${packageIds}` });
      if (isCustomer) counts.matched -= 1;
    }
    const ownerless = scratch.ownerless(after, upTo);
    const seen = await listStates(
      context.db,
      ownerless.map(({ customerId }) => customerId),
    );
    for (const { customerId, packageIds } of ownerless) {
      // a customer above the last one that was read is newer than the list
      if (seen.has(customerId)) counts.departed += customerId > lastRead ? 0 : 1;
      else
        onException({
          kind: 'ownerless',
          customerId,
          detail: `package ${packageIds} is for customer ${customerId}, which never existed in the CRM`,
        });
    }
    after = upTo;
    await nextTurn();
  }
}
