import { describe, expect, it } from 'vitest';
import type { Outcome, Retry } from '../delivery.ts';
import { decide } from './decide.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const hourMs = 3_600_000;
const failed: Retry = { kind: 'retry', reason: 'answered 503', status: 503, inDoubt: false, whose: 'inventory' };

type Attempt = Parameters<typeof decide>[0];

const decideAfter = (attempts: number, outcome: Outcome = failed, overrides: Partial<Attempt> = {}) => {
  const pace = {
    settleMs: 0,
    breaker: 'closed',
    endedAt: 'post',
    waitsMs: [5_000, 30_000],
    random: () => 0.5,
  } as const;
  return decide({ attempts, waitsUsed: attempts - 1, outcome, now, ...pace, ...overrides });
};

describe('the decision after an attempt', () => {
  it('ends the delivery once there is a package', () => {
    const outcome: Outcome = { kind: 'delivered', packageId: 7, existed: false };
    expect(decideAfter(1, outcome)).toEqual({ state: 'delivered', packageId: 7 });
  });

  it('ends the delivery after a permanent rejection', () => {
    const outcome: Outcome = { kind: 'rejected', reason: 'answered 400', status: 400 };
    expect(decideAfter(1, outcome)).toEqual({ state: 'dead', reason: 'answered 400' });
  });

  it.each(['customer', 'inventory'] as const)('gives up after the last wait of the schedule: %s', (whose) => {
    const outcome = { ...failed, whose };
    const dueAt = '2026-01-01T00:00:05.000Z';
    const first = { state: 'retrying', waitsFor: 'schedule', waitMs: 5_000, waitsUsed: 1, dueAt };
    expect(decideAfter(1, outcome)).toMatchObject(first);
    expect(decideAfter(2, outcome)).toMatchObject({ state: 'retrying', waitMs: 30_000, waitsUsed: 2 });
    expect(decideAfter(3, outcome)).toEqual({ state: 'dead', reason: 'given up after 3 attempts: answered 503' });
  });

  it('spreads the waits by a fifth either way', () => {
    expect(decideAfter(1, failed, { random: () => 0 })).toMatchObject({ waitMs: 4_000 });
    expect(decideAfter(1, failed, { random: () => 0.999999 })).toMatchObject({ waitMs: 6_000 });
  });

  it('honours a longer wait that the other side asks for, up to an hour', () => {
    expect(decideAfter(1, { ...failed, afterMs: 60_000 })).toMatchObject({ waitMs: 60_000 });
    expect(decideAfter(1, { ...failed, afterMs: 1_000 })).toMatchObject({ waitMs: 5_000 });
    expect(decideAfter(1, { ...failed, afterMs: 86_400_000 })).toMatchObject({ waitMs: hourMs });
  });

  it.each(['open', 'half-open'] as const)('waits for a breaker that is %s, and uses up no wait', (breaker) => {
    const waiting = { state: 'retrying', waitsFor: 'breaker', dueAt: now.toISOString(), waitsUsed: 2 };
    expect(decideAfter(3, failed, { breaker })).toMatchObject(waiting);
  });

  it('goes by the schedule in an open breaker if the customer is the cause', () => {
    const outcome: Outcome = { ...failed, whose: 'customer' };
    expect(decideAfter(1, outcome, { breaker: 'open' })).toMatchObject({ waitsFor: 'schedule', waitsUsed: 1 });
    expect(decideAfter(3, outcome, { breaker: 'open' })).toMatchObject({ state: 'dead' });
  });

  it('never gives up while the CRM is away', () => {
    const outcome: Outcome = { ...failed, whose: 'crm' };
    const away = { endedAt: 'read', breaker: 'open' } as const;
    expect(decideAfter(1, outcome, away)).toMatchObject({ waitsFor: 'crm', waitMs: 5_000, waitsUsed: 0 });
    expect(decideAfter(9, outcome, away)).toMatchObject({ waitsFor: 'crm', waitMs: 5_000, waitsUsed: 8 });
  });

  it('has a record read again on the schedule before it is given up, if the Inventory refuses it', () => {
    const outcome: Outcome = { kind: 'rejected', reason: 'answered 422', status: 422, ofRecord: true };
    const waiting = { state: 'retrying', waitsFor: 'record', waitMs: 5_000, waitsUsed: 1, isRefused: true };
    expect(decideAfter(1, outcome, { breaker: 'open' })).toMatchObject(waiting);
    expect(decideAfter(3, outcome)).toEqual({ state: 'dead', reason: 'given up after 3 attempts: answered 422' });
  });

  it('has a record without a name read again on the schedule', () => {
    const outcome: Outcome = { kind: 'retry', reason: 'no name', inDoubt: false, whose: 'customer' };
    const waiting = { waitsFor: 'record', waitMs: 5_000, waitsUsed: 1, isRefused: false };
    expect(decideAfter(1, outcome, { endedAt: 'read' })).toMatchObject(waiting);
  });

  it('says whether the post may have taken effect', () => {
    expect(decideAfter(1, { ...failed, inDoubt: true })).toMatchObject({ inDoubt: true });
  });
});
