import type { MiddlewareContext } from '../context.ts';
import { isText } from '../customer-key.ts';
import type { CustomerKey } from '../delivery.ts';
import { fetchReadable } from '../intake/read-page.ts';
import type { CustomerPage, ListedPackage } from '../ports.ts';
import type { Counts, ReconciliationException } from './reconciliation.ts';
import type { Scratch } from './scratch.ts';

type Means = Pick<MiddlewareContext, 'source' | 'target'> & {
  scratch: Scratch;
  counts: Counts;
  onException(exception: ReconciliationException): void;
  onProgress?: ((read: number) => void) | undefined;
  signal?: AbortSignal | undefined;
};

/** `isWhole`: the list was read to its end. */
type Read = { kind: 'read'; isWhole: boolean } | { kind: 'unavailable'; reason: string };

/** Limits memory. */
const entriesMax = 10_000;

export async function readCustomers(means: Means): Promise<Read> {
  const { source, scratch, onException, onProgress, signal } = means;
  const unusable = new Set<string>();
  let entries = 0;
  let total: number | undefined;
  let extent: CustomerPage['extent'];
  for (let after: CustomerKey = 0; ; ) {
    signal?.throwIfAborted();
    const page = await fetchReadable(source, after, { skipsBroken: true });
    if (page.kind !== 'page') return { kind: 'unavailable', reason: page.reason };
    if (after === 0) total = page.total;
    const fresh = page.customers.filter(({ id }) => isText(id) || id > Number(after) || isText(after));
    const isRepeated = page.extent !== undefined || fresh.length < page.customers.length;
    scratch.addCustomers(page.customers.map(({ id, name, createdAt }) => ({ key: id, name, createdAt })));
    for (const { entry, reason } of page.unusable) {
      if (unusable.has(entry)) continue;
      if (unusable.size < entriesMax) unusable.add(entry);
      onException({ kind: 'unusable', customerId: undefined, detail: reason });
    }
    entries = isRepeated ? Math.max(entries, page.length) : entries + page.length;
    extent = page.extent;
    onProgress?.(fresh.length);
    const next = page.lastListed ?? fresh.at(-1)?.id;
    // only an empty page is the end: a CRM may show fewer than were asked for, and what comes shows if it knows `after`
    if (next === undefined || next === after || isRepeated) break;
    after = next;
  }
  const missed = await countMissed(means, { entries, total });
  if (missed > 0) {
    const detail = `the CRM says that it has ${entries + missed} customers, but its list ends after ${entries}`;
    onException({ kind: 'unread', customerId: undefined, detail });
  } else if (extent === 'part') {
    const detail = `the CRM ignores "after", and shows only ${entries} customers of a longer list`;
    onException({ kind: 'unread', customerId: undefined, detail });
  }
  return { kind: 'read', isWhole: missed === 0 && extent !== 'part' };
}

/** Customers may be deleted while the list is read, so the CRM is asked again how many there are. */
async function countMissed(
  { source }: Means,
  { entries, total }: { entries: number; total: number | undefined },
): Promise<number> {
  if (total === undefined || total <= entries) return 0;
  const again = await source.fetchPage(0, 1);
  const now = again.kind === 'page' ? again.total : undefined;
  return Math.max(0, Math.min(total, now ?? total) - entries);
}

export async function readPackages(means: Means): Promise<Read> {
  const { target, scratch, counts, onException, onProgress, signal } = means;
  let entries = 0;
  let total: number | undefined;
  let isPart = false;
  for (let after: number | undefined = 0; after !== undefined; ) {
    signal?.throwIfAborted();
    const page = await target.fetchPackages(after);
    if (page.kind !== 'page') return { kind: 'unavailable', reason: page.reason };
    if (after === 0) total = page.total;
    entries += page.packages.length;
    scratch.addPackages(page.packages.filter(hasOwner));
    for (const { id, customerId, isOfOtherSource, otherType } of page.packages) {
      if (isOfOtherSource) counts.otherSources += 1;
      if (isOfOtherSource || otherType !== undefined) continue;
      counts.packages += 1;
      if (customerId !== undefined) continue;
      onException({ kind: 'ownerless', customerId, detail: `package ${id} has no valid customer id` });
    }
    onProgress?.(page.packages.length);
    isPart ||= page.isPart ?? false;
    after = page.next;
  }
  const isShort = total !== undefined && total > entries;
  if (isShort) {
    const detail = `the Inventory says that it has ${total} packages, but its list ends after ${entries}`;
    onException({ kind: 'unread', customerId: undefined, detail });
  } else if (isPart) {
    const detail = `the Inventory ignores "after", and shows only ${entries} packages of a longer list`;
    onException({ kind: 'unread', customerId: undefined, detail });
  }
  return { kind: 'read', isWhole: !isShort && !isPart };
}

function hasOwner(listed: ListedPackage): listed is ListedPackage & { customerId: CustomerKey } {
  return listed.customerId !== undefined && !listed.isOfOtherSource;
}
