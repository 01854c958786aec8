import { describe, expect, it } from 'vitest';
import type { BeforePost } from './before-post.ts';
import type { ClaimedDelivery, Retrying } from './delivery.ts';
import {
  claimed,
  delivered,
  died,
  held,
  interrupted,
  readAgain,
  recorded,
  recordedIncomplete,
  refusedLikeAll,
  replays,
  retrying,
  returned,
  settled,
  startedOver,
} from './life-cycle.ts';

const before = '2026-01-01T00:00:00.000Z';
const now = '2026-01-01T00:00:05.000Z';
const later = '2026-01-01T00:00:35.000Z';

function aClaim(overrides: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  return {
    customerId: 7,
    customerName: 'Ana',
    customerCreatedAt: before,
    attempts: 2,
    posts: 5,
    waitsUsed: 1,
    beforePost: 'nothing',
    doubtAt: undefined,
    readAt: before,
    refusal: undefined,
    packageId: undefined,
    waitingSince: before,
    failedAt: before,
    ...overrides,
  };
}

const retry: Retrying = {
  state: 'retrying',
  waitsFor: 'schedule',
  dueAt: later,
  waitMs: 30_000,
  waitsUsed: 2,
  reason: 'answered 503',
  inDoubt: false,
  isRefused: false,
};

describe('a delivery', () => {
  it('is pending and due once its customer is recorded', () => {
    const row = recorded({ id: 7, name: 'Ana', createdAt: before }, now);
    expect(row).toMatchObject({ customer_id: 7, customer_created_at: before, state: 'pending', attempts: 0 });
    expect(row).toMatchObject({ due_at: now, waiting_since: now, before_post: 'nothing', report_pending: 0 });
  });

  it('waits for another reading of the CRM if its customer has a fault', () => {
    const incomplete = { id: 7, name: '', createdAt: undefined, fault: 'no name' };
    const row = recordedIncomplete(incomplete, { now, dueAt: later });
    expect(row).toMatchObject({ state: 'retrying', error: 'no name', before_post: 'read', report_pending: 0 });
    expect(row).toMatchObject({ due_at: later, waits_used: 1, waiting_since: now, customer_created_at: null });
  });

  it.each<[BeforePost, BeforePost]>([
    ['nothing', 'read'],
    ['look', 'read and look'],
  ])('that needs %s before a post needs %s after the Inventory has refused its record', (needed, after) => {
    const refused = retrying(aClaim({ beforePost: needed }), { ...retry, isRefused: true }, now);
    expect(refused).toMatchObject({ before_post: after, refusal: retry.reason });
    const read = { ...aClaim({ beforePost: after, refusal: retry.reason }) };
    expect(retrying(read, { ...retry, reason: 'CRM is away' }, now)).toMatchObject({ refusal: retry.reason });
    expect(readAgain(read, { id: 7, name: 'Anna', createdAt: before }, now)).toMatchObject({ refusal: undefined });
  });

  it('stays in its state while it is claimed', () => {
    expect(claimed(now)).toEqual({ claimed_at: now });
  });

  it('is as it was before a claim that was not used', () => {
    const untouched = { customer_id: 7, claimed_at: null, before_post: 'nothing', doubt_at: before };
    expect(returned(aClaim({ doubtAt: before }), false, now)).toMatchObject(untouched);
  });

  it.each<[BeforePost, BeforePost]>([
    ['nothing', 'look'],
    ['read', 'read and look'],
    ['look', 'look'],
    ['read and look', 'read and look'],
  ])('that needs %s before a post needs %s after one whose result is unknown', (needed, after) => {
    expect(returned(aClaim({ beforePost: needed }), true, now)).toMatchObject({ before_post: after, doubt_at: now });
    expect(interrupted({ customer_id: 7, posts: 5, before_post: needed, claimed_at: before })).toMatchObject({
      posts: 6,
      before_post: after,
      claimed_at: null,
      doubt_at: before,
    });
    const doubtful = retrying(aClaim({ beforePost: needed }), { ...retry, inDoubt: true }, now);
    expect(doubtful).toMatchObject({ before_post: after });
    expect(retrying(aClaim({ beforePost: needed }), retry, now)).toMatchObject({ before_post: needed });
  });

  it('has the name that the CRM shows, and still has to be looked for if a package may exist', () => {
    const anna = { id: 7, name: 'Anna', createdAt: before };
    const read = readAgain(aClaim({ beforePost: 'read and look' }), anna, now);
    expect(read).toMatchObject({ customerName: 'Anna', beforePost: 'look', waitsUsed: 1, readAt: now });
    expect(readAgain(aClaim({ beforePost: 'read' }), anna, now)).toMatchObject({ beforePost: 'nothing' });
  });

  it('keeps the name of a post that may have had an effect, until it is delivered under the new one', () => {
    const claim = aClaim({ beforePost: 'read and look' });
    const renamed = readAgain(claim, { id: 7, name: 'Anna', createdAt: before }, now);
    const kept = { customer_name: 'Ana', read_at: null };
    expect(returned(renamed, false, now)).toMatchObject(kept);
    expect(retrying(renamed, retry, now)).toMatchObject(kept);
    expect(delivered(renamed, 9, now)).toMatchObject({ customer_name: 'Anna' });
    const untouched = readAgain(aClaim({ beforePost: 'read' }), { id: 7, name: 'Anna', createdAt: before }, now);
    expect(retrying(untouched, retry, now)).toMatchObject({ customer_name: 'Anna', read_at: now });
  });

  it('waits on after a failed attempt, with the same waiting time and known package', () => {
    const row = retrying(aClaim({ packageId: 'P-7' }), retry, now);
    expect(row).toMatchObject({ state: 'retrying', attempts: 3, waits_used: 2, due_at: later, claimed_at: null });
    expect(row).toMatchObject({ error: 'answered 503', package_id: '"P-7"', waiting_since: before, report_pending: 2 });
  });

  it('has nothing due and a report pending once it is delivered or dead', () => {
    const end = { attempts: 3, posts: 5, due_at: null, claimed_at: null, waiting_since: null, report_pending: 1 };
    const claim = aClaim({ beforePost: 'read and look', packageId: 3 });
    const both = { ...end, before_post: 'nothing', updated_at: now };
    expect(delivered(claim, 9, now)).toMatchObject({ ...both, state: 'delivered', package_id: '9', error: null });
    expect(died(claim, 'gone', now)).toMatchObject({ ...both, state: 'dead', package_id: null, error: 'gone' });
  });

  it('waits, with its reason and whole schedule, if it was refused like every customer so far', () => {
    const claim = aClaim({ packageId: 'P-7' });
    const row = refusedLikeAll(claim, 'answered 422', now);
    expect(row).toMatchObject({
      state: 'pending',
      attempts: 3,
      posts: 5,
      waits_used: 0,
      due_at: now,
      claimed_at: null,
    });
    expect(row).toMatchObject({
      error: 'answered 422',
      package_id: '"P-7"',
      before_post: 'nothing',
      report_pending: 2,
    });
    expect(Object.keys(row).sort()).toEqual(Object.keys(died(claim, 'gone', now)).sort());
    expect(startedOver(claim, 'answered 422', now)).toMatchObject({ customer_id: 7, state: 'pending', due_at: now });
  });

  it('starts over when it is replayed, and keeps its package until the Inventory says otherwise', () => {
    const [, , { states, change: row }] = replays(now);
    expect(states).toEqual(['pending', 'retrying', 'dead', 'skipped']);
    expect(row).toMatchObject({ state: 'pending', waits_used: 0, due_at: now, before_post: 'read and look' });
    expect(row).toMatchObject({ error: null, report_pending: 0, waiting_since: now });
    expect(row).not.toHaveProperty('package_id');
    expect(row).not.toHaveProperty('doubt_at');
  });

  it('is in doubt if it is replayed although it was delivered, and no more if a person replays a held one', () => {
    const [delivered, held] = replays(now);
    expect(delivered).toMatchObject({ states: ['delivered'], change: { doubt_at: now } });
    expect(held).toMatchObject({ states: ['held'], change: { doubt_at: null } });
  });

  it('keeps its doubt until its package is known', () => {
    const claim = aClaim({ doubtAt: before });
    expect(retrying(claim, retry, now)).toMatchObject({ doubt_at: before });
    expect(died(claim, 'refused', now)).toMatchObject({ doubt_at: before });
    expect(held(claim, 'nobody can tell', now)).toMatchObject({ state: 'held', doubt_at: before, report_pending: 1 });
    expect(delivered(claim, 9, now)).toMatchObject({ doubt_at: null });
    expect(settled(7, 'P-7', now)).toMatchObject({ state: 'delivered', package_id: '"P-7"', doubt_at: null });
  });
});
