import { describe, expect, it } from 'vitest';
import { createRetentionRound, type RetentionOptions, startRetention } from './retention.ts';

const day = 86_400_000;

function aClock(now: string) {
  const state = { wallMs: Date.parse(now), monotonicMs: 0 };
  return {
    now: () => new Date(state.wallMs),
    monotonicMs: () => state.monotonicMs,
    /** The two differ if the clock is set. */
    pass(wallMs: number, monotonicMs = wallMs) {
      state.wallMs += wallMs;
      state.monotonicMs += monotonicMs;
    },
  };
}

/** Rounds on a table with so many full steps; `asked` has the time limits. */
function rounds(steps: number, days = 90) {
  const clock = aClock('2026-04-01T00:00:00.000Z');
  const asked: string[] = [];
  let left = steps;
  const deleteSome = async (before: string) => {
    asked.push(before);
    left -= 1;
    return left > 0;
  };
  return { clock, asked, round: createRetentionRound({ days, clock, deleteSome }) };
}

describe('a retention', () => {
  it('deletes what is older than its days, a step every ten seconds, and looks again after ten minutes', async () => {
    const { asked, round } = rounds(3);

    expect([await round(), await round(), await round()].map(({ inMs }) => inMs)).toEqual([10_000, 10_000, 600_000]);
    expect(new Set(asked)).toEqual(new Set(['2026-01-01T00:00:00.000Z']));
  });

  it('moves on with the time', async () => {
    const { clock, asked, round } = rounds(0, 1);
    clock.pass(2 * day);
    await round();
    expect(asked).toEqual(['2026-04-02T00:00:00.000Z']);
  });

  it('deletes nothing young if the clock is set forward, and waits if it is set back', async () => {
    const { clock, asked, round } = rounds(0, 1);
    clock.pass(3650 * day, 1000);
    await round();
    clock.pass(-3660 * day, 1000);
    await round();
    expect(asked).toEqual(['2026-03-31T00:00:01.000Z', '2026-03-21T00:00:00.000Z']);
  });

  it('does not run with 0 days', () => {
    expect(startRetention({ days: 0 } as RetentionOptions)).toBeUndefined();
  });
});
