import { describe, expect, it } from 'vitest';
import type { BeforePost, ClaimedDelivery, Retrying } from './delivery.ts';
import {
  claimed,
  delivered,
  died,
  interrupted,
  readAgain,
  recorded,
  refusedLikeAll,
  replayed,
  retrying,
  returned,
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
};

describe('a delivery', () => {
  it('is pending and due once its customer is recorded', () => {
    const row = recorded({ id: 7, name: 'Ana', createdAt: before }, now);
    expect(row).toMatchObject({ customer_id: 7, customer_created_at: before, state: 'pending', attempts: 0 });
    expect(row).toMatchObject({ due_at: now, waiting_since: now, before_post: 'nothing', report_pending: 0 });
  });

  it('is dead from the start, and is to be reported, if its customer has a fault', () => {
    const row = recorded({ id: 7, name: '', createdAt: undefined, fault: 'no name' }, now);
    expect(row).toMatchObject({ state: 'dead', error: 'no name', report_pending: 1 });
    expect(row).toMatchObject({ due_at: null, waiting_since: null, customer_created_at: null });
  });

  it('stays in its state while it is claimed', () => {
    expect(claimed(now)).toEqual({ claimed_at: now });
  });

  it('is as it was before a claim that was not used', () => {
    expect(returned(aClaim(), false)).toEqual({ customer_id: 7, claimed_at: null, before_post: 'nothing' });
  });

  it.each<[BeforePost, BeforePost]>([
    ['nothing', 'look'],
    ['look', 'look'],
    ['read and look', 'read and look'],
  ])('that needs %s before a post needs %s after one whose result is unknown', (needed, after) => {
    expect(returned(aClaim({ beforePost: needed }), true)).toMatchObject({ before_post: after });
    expect(interrupted({ customer_id: 7, posts: 5, before_post: needed })).toMatchObject({
      posts: 6,
      before_post: after,
      claimed_at: null,
    });
    const doubtful = retrying(aClaim({ beforePost: needed }), { ...retry, inDoubt: true }, now);
    expect(doubtful).toMatchObject({ before_post: after });
    expect(retrying(aClaim({ beforePost: needed }), retry, now)).toMatchObject({ before_post: needed });
  });

  it('has the whole schedule ahead, and still has to be looked for, once the CRM has shown its customer again', () => {
    const read = readAgain(aClaim({ beforePost: 'read and look' }), { id: 7, name: 'Anna', createdAt: before });
    expect(read).toMatchObject({ customerName: 'Anna', beforePost: 'look', waitsUsed: 0 });
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
    const row = replayed(now);
    expect(row).toMatchObject({ state: 'pending', waits_used: 0, due_at: now, before_post: 'read and look' });
    expect(row).toMatchObject({ error: null, report_pending: 0, waiting_since: now });
    expect(row).not.toHaveProperty('package_id');
  });
});
