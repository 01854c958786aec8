import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MiddlewareContext } from '../context.ts';
import { isText } from '../customer-key.ts';
import { readCursor } from '../db/cursor.ts';
import { listKnown } from '../db/deliveries.ts';
import { readFact, writeFact } from '../db/facts.ts';
import type { CustomerKey } from '../delivery.ts';
import { stopFor, toStranger } from '../intake/same-crm.ts';
import type { Stranger } from '../strangers.ts';
import { type Circumstances, judge } from './judge.ts';
import { readCustomers, readPackages } from './read-both.ts';
import {
  type Counts,
  emptyCounts,
  isProof,
  type Reconciliation,
  type ReconciliationException,
} from './reconciliation.ts';
import { createScratch, type Scratch } from './scratch.ts';

type MissingCustomer = {
  customerId: CustomerKey;
  /** Needs no operator: no poll has seen this customer, or none since it was restored. */
  isNew: boolean;
};

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
 * `unavailable` if one side cannot be read. Safe to repeat, and safe beside a running daemon: a package that is created
 * meanwhile is no exception.
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
  const { source, target, names } = context;
  const means = { ...options, source, target, scratch, counts, onException };
  const customers = await readCustomers(means);
  if (customers.kind === 'unavailable') return customers;
  const packages = await readPackages(means);
  if (packages.kind === 'unavailable') return packages;
  const cursor = await readCursor(context.db);
  const circumstances = {
    cursor,
    polledTo: await polledTo(context, scratch),
    since,
    listedUntil: await listedUntil(context, since),
    sawAllPackages: packages.isWhole,
    isOfEarlierType: names.isOfEarlierType,
  };
  const comparison = { scratch, counts, circumstances, sawAllCustomers: customers.isWhole };
  await compare(context, comparison, { ...options, onException });
  const reconciliation: Reconciliation = {
    at: context.clock.now().toISOString(),
    durationMs: Math.round(context.clock.monotonicMs() - startMs),
    ...counts,
    proven: isProof(counts),
  };
  await context.write((trx) => writeFact(trx, 'reconciliation', reconciliation));
  return { kind: 'done', reconciliation };
}

type Comparison = { scratch: Scratch; counts: Counts; circumstances: Circumstances; sawAllCustomers: boolean };
type Step = { after: CustomerKey; upTo: CustomerKey };

async function compare(context: MiddlewareContext, comparison: Comparison, options: ReconcileOptions) {
  const { scratch, counts, sawAllCustomers } = comparison;
  counts.customers = scratch.countCustomers();
  counts.matched = counts.customers;
  for (let after: CustomerKey = 0; ; ) {
    options.signal?.throwIfAborted();
    const upTo = scratch.nextStep(after);
    if (upTo === undefined) return;
    const missing = await compareCustomers(context, comparison, { step: { after, upTo }, options });
    if (missing.length > 0) await options.onMissing?.(missing);
    // in a list that was cut short, nobody can tell who is gone
    if (sawAllCustomers) await compareStrangers(context, comparison, { step: { after, upTo }, options });
    after = upTo;
    await nextTurn();
  }
}

type Part = { step: Step; options: ReconcileOptions };

/** Judges every customer of the step, stops deliveries for ids of other people, and returns those without a package. */
async function compareCustomers(
  context: MiddlewareContext,
  { scratch, counts, circumstances }: Comparison,
  { step: { after, upTo }, options }: Part,
): Promise<MissingCustomer[]> {
  const pairs = scratch.unclear(after, upTo);
  counts.matched -= pairs.length;
  const states = await listKnown(
    context.db,
    pairs.map(({ key }) => key),
  );
  const missing: MissingCustomer[] = [];
  const strangers: Stranger[] = [];
  for (const pair of pairs) {
    const customerId = pair.key;
    const verdict = judge({ pair, delivery: states.get(customerId) }, circumstances);
    if ('detail' in verdict) {
      options.onException({ kind: verdict.kind, customerId, detail: verdict.detail });
      if (verdict.kind === 'changed') strangers.push(toStranger(verdict.was, { id: customerId, ...pair }));
      if (verdict.kind === 'missing') missing.push({ customerId, isNew: verdict.isNew });
      continue;
    }
    counts[verdict.kind] += 1;
    if (verdict.kind === 'otherTypes') addType(counts.types, verdict.type);
  }
  await stopFor(context, strangers);
  return missing;
}

/** A last listed customer that was deleted leaves no place, and polls begin again. */
async function polledTo({ db }: MiddlewareContext, scratch: Scratch): Promise<number> {
  const lastListed = await readFact(db, 'lastListed');
  if (lastListed === undefined) return 0;
  // numbers have no place among texts
  return (isText(lastListed) ? scratch.placeOf(lastListed) : undefined) ?? Number.POSITIVE_INFINITY;
}

const typesMax = 10;

function addType(types: string[], type: string) {
  if (types.length < typesMax && !types.includes(type)) types.push(type);
}

/** An Inventory that may take its time with a post may take it with its list, too. */
async function listedUntil({ target, settling }: MiddlewareContext, since: string): Promise<string> {
  const lagMs = (await target.idempotency()) === 'permanent' ? 0 : settling.waitMs;
  return new Date(Date.parse(since) - lagMs).toISOString();
}

/** Packages whose customer the CRM does not show. */
async function compareStrangers(
  { db, names }: MiddlewareContext,
  { scratch, counts, circumstances: { since } }: Comparison,
  { step: { after, upTo }, options }: Part,
) {
  const strangers = scratch.strangers(after, upTo);
  const known = await listKnown(
    db,
    strangers.map(({ key }) => key),
  );
  for (const { key, packageIds, count } of strangers) {
    const ownerless = (detail: string) => options.onException({ kind: 'ownerless', customerId: key, detail });
    const delivery = known.get(key);
    if (delivery) {
      // one that was delivered meanwhile may be newer than the list
      counts.departed += delivery.updated_at < since ? 1 : 0;
      if (count > 1) ownerless(`customer ${key}, which the CRM no longer has, has the packages ${packageIds}`);
    } else if (names.isOfOtherSource(key)) {
      counts.otherSources += count;
      counts.packages -= count;
    } else {
      ownerless(`package ${packageIds} is for customer ${key}, which never existed in the CRM`);
    }
  }
}
