import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Selectable, Transaction } from 'kysely';
import type { ClaimedDelivery, CustomerKey } from '../delivery.ts';
import { claimed, dueNow, interrupted, returned } from '../life-cycle.ts';
import { insertAttempts } from './attempts.ts';
import { type Fresh, isKnown, updateDeliveries } from './deliveries.ts';
import { keyOf } from './keys.ts';
import type { LedgerDatabase } from './schema.ts';

export type ClaimOptions = {
  now: string;
  claimsMax: number;
  /** How many to claim if more than `groupMin` are due; 0: never in groups. */
  groupMax: number;
  groupMin: number;
  /** Given while the CRM cannot be read: only deliveries that need no reading. */
  onlyKnown?: Fresh | undefined;
};

export type Claim = { deliveries: ClaimedDelivery[]; grouped: boolean };

/**
 * Claims due deliveries, the longest waiting first. The claim is stored before the post, so a delivery that a crash
 * leaves claimed may have been posted.
 */
export async function claimDue(trx: Transaction<LedgerDatabase>, options: ClaimOptions): Promise<Claim> {
  const { now, claimsMax, groupMax, groupMin, onlyKnown } = options;
  let due = trx.selectFrom('deliveries').where('due_at', '<=', now).where('claimed_at', 'is', null);
  if (onlyKnown) due = due.where(isKnown(onlyKnown));
  due = due.orderBy('due_at').orderBy('customer_id');
  const beyond =
    groupMax > 0 ? await due.select('customer_id').offset(groupMin).limit(1).executeTakeFirst() : undefined;
  const rows = await due
    .selectAll()
    .limit(beyond ? groupMax : claimsMax)
    .execute();
  await setClaim(
    trx,
    rows.map((row) => row.customer_id),
    now,
  );
  return { deliveries: rows.map(toClaimed), grouped: beyond !== undefined };
}

function toClaimed(row: Selectable<LedgerDatabase['deliveries']>): ClaimedDelivery {
  return {
    customerId: keyOf(row),
    ...(row.customer_key !== null && { number: row.customer_id }),
    customerName: row.customer_name,
    customerCreatedAt: row.customer_created_at ?? undefined,
    attempts: row.attempts,
    posts: row.posts,
    waitsUsed: row.waits_used,
    beforePost: row.before_post,
    doubtAt: row.doubt_at ?? undefined,
    readAt: row.read_at ?? undefined,
    refusal: row.refusal ?? undefined,
    packageId: row.package_id === null ? undefined : JSON.parse(row.package_id),
    waitingSince: row.waiting_since,
    failedAt: row.state === 'retrying' ? row.updated_at : undefined,
  };
}

export type ProbeOptions = {
  now: string;
  /** Whether a delivery that needs no read from the CRM goes before others that have waited longer. */
  prefersKnown: boolean;
  fresh: Fresh;
  onlyKnown?: Fresh | undefined;
};

/**
 * Claims one delivery as a probe: one that has never failed, because a delivery that fails repeatedly may itself be at
 * fault; otherwise the longest waiting. While the CRM is down, a delivery that must be read again cannot probe; but the
 * others may all be rejected for ever, so both kinds need their turn. In a long outage every reading gets old.
 */
export async function claimProbe(
  trx: Transaction<LedgerDatabase>,
  { now, prefersKnown, fresh, onlyKnown }: ProbeOptions,
): Promise<Claim> {
  let due = trx
    .selectFrom('deliveries')
    .selectAll()
    .where('due_at', '<=', now)
    .where('claimed_at', 'is', null)
    .limit(1);
  if (onlyKnown) due = due.where(isKnown(onlyKnown));
  const known = due.where(isKnown(fresh));
  const old = due.where('before_post', 'in', ['nothing', 'look']);
  const longest = (waiting: typeof due) => waiting.orderBy('due_at').orderBy('customer_id').executeTakeFirst();
  const untried = (waiting: typeof due) =>
    waiting.where('state', '=', 'pending').orderBy('customer_id').executeTakeFirst();
  const probe =
    (await untried(known)) ??
    (prefersKnown ? await longest(known) : undefined) ??
    (await untried(old)) ??
    (prefersKnown ? await longest(old) : undefined) ??
    (await longest(due));
  if (!probe) return { deliveries: [], grouped: false };
  await setClaim(trx, [probe.customer_id], now);
  return { deliveries: [toClaimed(probe)], grouped: false };
}

/** Returns unused claims; `inDoubt` if the deliveries may have been posted. */
export function returnClaims(
  trx: Transaction<LedgerDatabase>,
  deliveries: ClaimedDelivery[],
  { inDoubt, now }: { inDoubt: boolean; now: string },
): Promise<void> {
  return updateDeliveries(
    trx,
    deliveries.map((delivery) => returned(delivery, inDoubt, now)),
  );
}

/**
 * Frees claims that no call belongs to: they were interrupted (kill -9, a failed write to the ledger). Returns their
 * customers.
 */
export async function freeInterrupted(trx: Transaction<LedgerDatabase>): Promise<CustomerKey[]> {
  const rows = await trx
    .selectFrom('deliveries')
    .select(['customer_id', 'customer_key', 'posts', 'claimed_at', 'before_post'])
    .where('claimed_at', 'is not', null)
    .execute();
  const attempts = rows.map(({ customer_id, claimed_at }) => ({
    customer_id,
    started_at: claimed_at as string,
    duration_ms: null,
    status: null,
    error: 'interrupted before an answer was recorded',
    next_attempt_at: null,
    calls: '[]',
  }));
  await insertAttempts(trx, attempts);
  await updateDeliveries(trx, rows.map(interrupted));
  return rows.map(keyOf);
}

/**
 * Makes due what a clock that was set back has left in the future: deliveries without an attempt, and deliveries that
 * are due or were updated later than is possible.
 */
export async function freeStranded(
  trx: Transaction<LedgerDatabase>,
  { now, latestDueAt, latestUpdatedAt }: { now: string; latestDueAt: string; latestUpdatedAt: string },
): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set(dueNow(now))
    .where('due_at', '>', now)
    .where('claimed_at', 'is', null)
    .where((eb) =>
      eb.or([eb('state', '=', 'pending'), eb('due_at', '>', latestDueAt), eb('updated_at', '>', latestUpdatedAt)]),
    )
    .execute();
}

/** Makes due every delivery that failed at `since` or later. Returns their number. */
export async function freeFailedSince(
  trx: Transaction<LedgerDatabase>,
  { since, now }: { since: string; now: string },
): Promise<number> {
  const { numUpdatedRows } = await trx
    .updateTable('deliveries')
    .set(dueNow(now))
    .where('due_at', '>', now)
    .where('claimed_at', 'is', null)
    .where('state', '=', 'retrying')
    .where('updated_at', '>=', since)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

async function setClaim(trx: Transaction<LedgerDatabase>, ids: number[], now: string): Promise<void> {
  if (ids.length === 0) return;
  const rows = ids.map((id) => ({ id }));
  await trx
    .updateTable('deliveries')
    .set(claimed(now))
    .where('customer_id', 'in', (eb) =>
      eb.selectFrom(jsonTable(trx, rows, { id: 'bigint' }).as('claimed')).select('id'),
    )
    .execute();
}
