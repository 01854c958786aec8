import { describe, expect, it } from 'vitest';
import type { Outcome } from '../delivery.ts';
import { decide } from './decide.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const waitsMs = [5_000, 30_000];
const failed: Outcome = { kind: 'retry', reason: 'answered 503', status: 503, inDoubt: false, forEverybody: true };
const middle = () => 0.5;

const decideAfter = (attempts: number, outcome: Outcome = failed, random = middle, waitsForBreaker = false) =>
  decide({ attempts, waitsUsed: attempts - 1, waitsForBreaker, isNeverGivenUp: false, outcome, now, waitsMs, random });

describe('the retry policy', () => {
  it('is content with a package', () => {
    const outcome: Outcome = { kind: 'delivered', packageId: 7, existed: false };
    expect(decideAfter(1, outcome)).toEqual({ state: 'delivered', packageId: 7 });
  });

  it('waits longer after each attempt and gives up after the last wait', () => {
    expect(decideAfter(1)).toMatchObject({ state: 'retrying', waitMs: 5_000, dueAt: '2026-01-01T00:00:05.000Z' });
    expect(decideAfter(2)).toMatchObject({ state: 'retrying', waitMs: 30_000 });
    expect(decideAfter(3)).toEqual({ state: 'dead', reason: 'given up after 3 attempts: answered 503' });
  });

  it('spreads the waits by a fifth either way', () => {
    expect(decideAfter(1, failed, () => 0)).toMatchObject({ waitMs: 4_000 });
    expect(decideAfter(1, failed, () => 0.999999)).toMatchObject({ waitMs: 6_000 });
  });

  it('honours a longer wait that the other side asks for, up to an hour', () => {
    expect(decideAfter(1, { ...failed, afterMs: 60_000 })).toMatchObject({ waitMs: 60_000 });
    expect(decideAfter(1, { ...failed, afterMs: 1_000 })).toMatchObject({ waitMs: 5_000 });
    expect(decideAfter(1, { ...failed, afterMs: 86_400_000 })).toMatchObject({ waitMs: 3_600_000 });
  });

  it('gives up at once on what is refused for good', () => {
    const outcome: Outcome = { kind: 'rejected', reason: 'answered 400', status: 400 };
    expect(decideAfter(1, outcome)).toEqual({ state: 'dead', reason: 'answered 400' });
  });

  it('uses up no wait while everybody waits for the breaker', () => {
    const dueAt = now.toISOString();
    expect(decideAfter(3, failed, middle, true)).toMatchObject({ state: 'retrying', dueAt, waitsUsed: 2 });
    expect(decideAfter(1)).toMatchObject({ waitsUsed: 1 });
  });

  it('carries the doubt along', () => {
    expect(decideAfter(1, { ...failed, inDoubt: true })).toMatchObject({ inDoubt: true });
  });
});
