import { atLeastLook, needsLook, withReading } from './before-post.ts';
import type { ClaimedDelivery, PackageId, Retrying, SeenCustomer } from './delivery.ts';
import type { DeliveryRow } from './delivery-row.ts';

/**
 * Every state of a delivery, and every transition. Each function gives the columns that its transition changes; `db/`
 * writes them and decides nothing.
 *
 *     recorded ──► pending ◄──────────── replayed ◄── delivered, dead, held, skipped
 *        │            │
 *        │         claimed ◄──────────── retrying
 *        │            │                     ▲
 *        │            ├─ returned ──────────┤   not posted after all: back to the state before the claim
 *        │            ├─ interrupted ───────┤   the process died: as before, but a package may exist
 *        │            ├─ retry ─────────────┤
 *        │            ├─ startedOver ──► pending   refused like every customer so far, which is not its own fault
 *        │            ├─ delivered          │   ◄── settled by a person
 *        │            ├─ held               │   only a person can know whether a package was created
 *        │            └─ died ──► dead      │
 *        ├─ without a name: read again ─────┘
 *        └─ from before START_FROM: skipped
 *
 * A claim is a mark on a pending or retrying delivery (`claimed_at`), not a state in the `state` column.
 */

/** pending. The caller gives a number to a customer whose id is text. */
export function recorded({ id, name, createdAt }: SeenCustomer, now: string): DeliveryRow {
  return {
    customer_id: typeof id === 'number' ? id : 0,
    customer_key: typeof id === 'string' ? id : null,
    customer_name: name,
    customer_created_at: createdAt ?? null,
    state: 'pending',
    attempts: 0,
    posts: 0,
    waits_used: 0,
    due_at: now,
    claimed_at: null,
    before_post: 'nothing',
    doubt_at: null,
    read_at: now,
    refusal: null,
    package_id: null,
    settled_at: null,
    error: null,
    report_pending: 0,
    recorded_at: now,
    waiting_since: now,
    updated_at: now,
  };
}

/** retrying: the CRM shows no usable record yet. It is read again, as often as the retry schedule has waits. */
export function recordedIncomplete(
  customer: SeenCustomer,
  { now, dueAt }: { now: string; dueAt: string },
): DeliveryRow {
  return {
    ...recorded(customer, now),
    state: 'retrying',
    waits_used: 1,
    due_at: dueAt,
    before_post: 'read',
    error: customer.fault ?? null,
  };
}

/** skipped: the customer was in the CRM before START_FROM, and gets no package unless it is replayed. */
export function recordedAsSkipped(customer: SeenCustomer, now: string): DeliveryRow {
  return { ...recorded(customer, now), state: 'skipped', due_at: null, waiting_since: null };
}

export function claimed(now: string) {
  return { claimed_at: now };
}

/** The claim was not used. `inDoubt`: it may have been posted as part of a group that gave no result for it. */
export function returned(delivery: ClaimedDelivery, inDoubt: boolean, now: string) {
  const { beforePost, doubtAt } = delivery;
  return {
    ...asRead(delivery),
    claimed_at: null,
    before_post: inDoubt ? atLeastLook(beforePost) : beforePost,
    doubt_at: inDoubt ? now : (doubtAt ?? null),
    refusal: delivery.refusal ?? null,
  };
}

/** The process died, or the ledger could not be written. Nobody knows how far the attempt came: it may have posted. */
export function interrupted({
  customer_id,
  posts,
  before_post,
  claimed_at,
}: Pick<DeliveryRow, 'customer_id' | 'posts' | 'before_post' | 'claimed_at'>) {
  const before = atLeastLook(before_post);
  return { customer_id, posts: posts + 1, claimed_at: null, before_post: before, doubt_at: claimed_at };
}

/** pending or retrying, earlier than planned. */
export function dueNow(now: string) {
  return { due_at: now };
}

/** The CRM has shown the customer again, with a usable record. */
export function readAgain(
  delivery: ClaimedDelivery,
  { name, createdAt }: SeenCustomer,
  readAt: string,
): ClaimedDelivery {
  const isRenamed = needsLook(delivery.beforePost) && delivery.customerName !== '' && delivery.customerName !== name;
  return {
    ...delivery,
    readAt,
    customerName: name,
    earlierName: isRenamed ? delivery.customerName : undefined,
    customerCreatedAt: delivery.customerCreatedAt ?? createdAt,
    beforePost: needsLook(delivery.beforePost) ? 'look' : 'nothing',
    refusal: undefined,
  };
}

export function delivered(delivery: ClaimedDelivery, packageId: PackageId, now: string) {
  return { ...ended(delivery, now), state: 'delivered' as const, package_id: JSON.stringify(packageId), error: null };
}

export function died(delivery: ClaimedDelivery, reason: string, now: string) {
  const doubt_at = delivery.doubtAt ?? null;
  return { ...ended(delivery, now), state: 'dead' as const, package_id: null, error: reason, doubt_at };
}

export function held(delivery: ClaimedDelivery, reason: string, now: string) {
  const doubt_at = delivery.doubtAt ?? null;
  return { ...ended(delivery, now), state: 'held' as const, package_id: null, error: reason, doubt_at };
}

/** A person has found the package, whatever name it bears. */
export function settled(customerId: number, packageId: PackageId, now: string) {
  return {
    customer_id: customerId,
    state: 'delivered' as const,
    package_id: JSON.stringify(packageId),
    settled_at: now,
    error: null,
    due_at: null,
    before_post: 'nothing' as const,
    doubt_at: null,
    report_pending: 1 as const,
    waiting_since: null,
    updated_at: now,
  };
}

/** An earlier post may still take effect, so one that is refused does not lower what has to happen before the next. */
export function retrying(delivery: ClaimedDelivery, decision: Retrying, now: string) {
  const { dueAt, waitsUsed, reason, inDoubt, isRefused } = decision;
  const { packageId, waitingSince, doubtAt } = delivery;
  const beforePost = isRefused ? withReading(delivery.beforePost) : delivery.beforePost;
  return {
    ...afterAttempt(delivery, now),
    state: 'retrying' as const,
    waits_used: waitsUsed,
    due_at: dueAt,
    before_post: inDoubt ? atLeastLook(beforePost) : beforePost,
    doubt_at: doubtAt ?? null,
    refusal: (isRefused ? reason : delivery.refusal) ?? null,
    package_id: packageId === undefined ? null : JSON.stringify(packageId),
    error: reason,
    report_pending: 2 as const,
    waiting_since: waitingSince,
  };
}

/**
 * Starts again from any state but claimed. A known package stays known: an Inventory that cannot be asked keeps it. A
 * package that was created a moment ago may not be listed yet, so a replay of a delivered one is in doubt; a replay of a
 * held one says that there is no package. Each change is for the deliveries in its states.
 */
export function replays(now: string) {
  const replayed = { ...fromTheBeginning(now), settled_at: null };
  return [
    { states: ['delivered'], change: { ...replayed, doubt_at: now } },
    { states: ['held'], change: { ...replayed, doubt_at: null } },
    { states: ['pending', 'retrying', 'dead', 'skipped'], change: replayed },
  ] as const;
}

function fromTheBeginning(now: string) {
  return {
    state: 'pending' as const,
    waits_used: 0,
    due_at: now,
    before_post: 'read and look' as const,
    refusal: null,
    error: null,
    report_pending: 0 as const,
    waiting_since: now,
    updated_at: now,
  };
}

/** Refused like every customer so far: it starts again once deliveries are resumed. */
export function startedOver(
  delivery: Pick<ClaimedDelivery, 'customerId' | 'number' | 'beforePost'>,
  reason: string,
  now: string,
) {
  return {
    ...fromTheBeginning(now),
    customer_id: numberInLedger(delivery),
    before_post: delivery.beforePost,
    error: reason,
    report_pending: 2 as const,
  };
}

/** The same, at the end of an attempt. */
export function refusedLikeAll(delivery: ClaimedDelivery, reason: string, now: string) {
  const { packageId, doubtAt } = delivery;
  return {
    ...afterAttempt(delivery, now),
    ...startedOver(delivery, reason, now),
    doubt_at: doubtAt ?? null,
    package_id: packageId === undefined ? null : JSON.stringify(packageId),
  };
}

/** The CRM has accepted the result. */
export const reported = { report_pending: 0 as const };

/** A delivered, dead or held delivery: nothing is due, and the CRM has to be told. */
function ended(delivery: ClaimedDelivery, now: string) {
  return {
    ...afterAttempt(delivery, now),
    customer_name: delivery.customerName,
    waits_used: delivery.waitsUsed,
    due_at: null,
    before_post: 'nothing' as const,
    doubt_at: null,
    refusal: null,
    report_pending: 1 as const,
    waiting_since: null,
  };
}

function afterAttempt(delivery: ClaimedDelivery, now: string) {
  const { attempts, posts } = delivery;
  return { ...asRead(delivery), attempts: attempts + 1, posts, claimed_at: null, updated_at: now };
}

/**
 * What is known of the customer; it may have been read again since the claim. While a package may exist under the earlier
 * name, that name stays, and the customer is read again before the next post.
 */
function asRead(delivery: ClaimedDelivery) {
  const { customerName, earlierName, customerCreatedAt, readAt } = delivery;
  return {
    customer_id: numberInLedger(delivery),
    customer_name: earlierName ?? customerName,
    customer_created_at: customerCreatedAt ?? null,
    read_at: earlierName === undefined ? (readAt ?? null) : null,
  };
}

/** How the ledger knows the customer. */
export function numberInLedger({ customerId, number }: Pick<ClaimedDelivery, 'customerId' | 'number'>): number {
  return number ?? Number(customerId);
}
