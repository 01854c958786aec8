import type { BeforePost, ClaimedDelivery, DeliveryState, PackageId, Retrying, SeenCustomer } from './delivery.ts';

/**
 * Every state of a delivery, and every transition. Each function gives the columns that its transition changes; `db/`
 * writes them and decides nothing.
 *
 *     recorded ──► pending ◄──────────── replayed ◄── delivered, dead
 *        │            │
 *        │         claimed ◄──────────── retrying
 *        │            │                     ▲
 *        │            ├─ returned ──────────┤   not posted after all: back to the state before the claim
 *        │            ├─ interrupted ───────┤   the process died: as before, but a package may exist
 *        │            ├─ retry ─────────────┘
 *        │            ├─ startedOver ──► pending   refused like every customer so far, which is not its own fault
 *        │            ├─ delivered
 *        └──► dead ◄──┴─ died
 *
 * A claim is a mark on a pending or retrying delivery (`claimed_at`), not a state in the `state` column. Two states come
 * next: `held`, for a delivery that only a person can decide, and `skipped`, for a customer that gets no package.
 */
export type DeliveryRow = {
  customer_id: number;
  customer_name: string;
  customer_created_at: string | null;
  state: DeliveryState;
  attempts: number;
  /** Posts that went out, quick retries included; an interrupted attempt counts as one. */
  posts: number;
  waits_used: number;
  /** When the next attempt is due; null if there is none. */
  due_at: string | null;
  /** When the attempt under way began. A claim that outlives its process was interrupted. */
  claimed_at: string | null;
  before_post: BeforePost;
  /** JSON, because another Inventory may use other ids than numbers. */
  package_id: string | null;
  error: string | null;
  /** 1: the CRM does not know the result yet; 2: it does not know how many posts have failed so far. */
  report_pending: 0 | 1 | 2;
  recorded_at: string;
  waiting_since: string | null;
  updated_at: string;
};

/** pending or, for a customer without a usable name, dead. */
export function recorded({ id, name, createdAt, fault }: SeenCustomer, now: string): DeliveryRow {
  const due = fault === undefined ? now : null;
  return {
    customer_id: id,
    customer_name: name,
    customer_created_at: createdAt ?? null,
    state: fault === undefined ? 'pending' : 'dead',
    attempts: 0,
    posts: 0,
    waits_used: 0,
    due_at: due,
    claimed_at: null,
    before_post: 'nothing',
    package_id: null,
    error: fault ?? null,
    report_pending: fault === undefined ? 0 : 1,
    recorded_at: now,
    waiting_since: due,
    updated_at: now,
  };
}

export function claimed(now: string) {
  return { claimed_at: now };
}

/** The claim was not used. `inDoubt`: it may have been posted as part of a group that gave no result for it. */
export function returned({ customerId, beforePost }: ClaimedDelivery, inDoubt: boolean) {
  return {
    customer_id: customerId,
    claimed_at: null,
    before_post: inDoubt ? atLeastLook(beforePost) : beforePost,
  };
}

/** The process died, or the ledger could not be written. Nobody knows how far the attempt came: it may have posted. */
export function interrupted({
  customer_id,
  posts,
  before_post,
}: Pick<DeliveryRow, 'customer_id' | 'posts' | 'before_post'>) {
  return { customer_id, posts: posts + 1, claimed_at: null, before_post: atLeastLook(before_post) };
}

/** pending or retrying, earlier than planned. */
export function dueNow(now: string) {
  return { due_at: now };
}

/** The CRM has shown the customer again: the whole retry schedule lies ahead. */
export function readAgain(delivery: ClaimedDelivery, customer: SeenCustomer): ClaimedDelivery {
  return { ...delivery, customerName: customer.name, beforePost: 'look', waitsUsed: 0 };
}

export function delivered(delivery: ClaimedDelivery, packageId: PackageId, now: string) {
  return { ...ended(delivery, now), state: 'delivered' as const, package_id: JSON.stringify(packageId), error: null };
}

export function died(delivery: ClaimedDelivery, reason: string, now: string) {
  return { ...ended(delivery, now), state: 'dead' as const, package_id: null, error: reason };
}

/** An earlier post may still take effect, so one that is refused does not lower what has to happen before the next. */
export function retrying(delivery: ClaimedDelivery, { dueAt, waitsUsed, reason, inDoubt }: Retrying, now: string) {
  const { beforePost, packageId, waitingSince } = delivery;
  return {
    ...afterAttempt(delivery, now),
    state: 'retrying' as const,
    waits_used: waitsUsed,
    due_at: dueAt,
    before_post: inDoubt ? atLeastLook(beforePost) : beforePost,
    package_id: packageId === undefined ? null : JSON.stringify(packageId),
    error: reason,
    report_pending: 2 as const,
    waiting_since: waitingSince,
  };
}

/** Starts again from any state but claimed. A known package stays known: an Inventory that cannot be asked keeps it. */
export function replayed(now: string) {
  return {
    state: 'pending' as const,
    waits_used: 0,
    due_at: now,
    before_post: 'read and look' as const,
    error: null,
    report_pending: 0 as const,
    waiting_since: now,
    updated_at: now,
  };
}

/** Refused like every customer so far: it starts again once deliveries are resumed. */
export function startedOver(
  { customerId, beforePost }: Pick<ClaimedDelivery, 'customerId' | 'beforePost'>,
  reason: string,
  now: string,
) {
  return {
    ...replayed(now),
    customer_id: customerId,
    before_post: beforePost,
    error: reason,
    report_pending: 2 as const,
  };
}

/** The same, at the end of an attempt. */
export function refusedLikeAll(delivery: ClaimedDelivery, reason: string, now: string) {
  const { packageId } = delivery;
  return {
    ...afterAttempt(delivery, now),
    ...startedOver(delivery, reason, now),
    package_id: packageId === undefined ? null : JSON.stringify(packageId),
  };
}

/** The CRM has accepted the result. */
export const reported = { report_pending: 0 as const };

/** A delivered or dead delivery: nothing is due, and the CRM has to be told. */
function ended(delivery: ClaimedDelivery, now: string) {
  return {
    ...afterAttempt(delivery, now),
    waits_used: delivery.waitsUsed,
    due_at: null,
    before_post: 'nothing' as const,
    report_pending: 1 as const,
    waiting_since: null,
  };
}

function afterAttempt({ customerId, customerName, attempts, posts }: ClaimedDelivery, now: string) {
  return {
    customer_id: customerId,
    customer_name: customerName,
    attempts: attempts + 1,
    posts,
    claimed_at: null,
    updated_at: now,
  };
}

function atLeastLook(beforePost: BeforePost): BeforePost {
  return beforePost === 'nothing' ? 'look' : beforePost;
}
