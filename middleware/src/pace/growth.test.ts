import { describe, expect, it } from 'vitest';
import { createGrowth, type Growth } from './growth.ts';

/** As many good answers as there may be calls under way. */
function goodRound(growth: Growth) {
  const round = growth.limit();
  for (let answer = 0; answer < round; answer += 1) growth.good();
  return growth.limit();
}

describe('the number of calls under way at once', () => {
  it('is as large as it may be until something goes wrong', () => {
    const growth = createGrowth(16);
    expect(growth.limit()).toBe(16);
    expect(growth.isGrown()).toBe(true);
  });

  it('doubles with every round of good answers, and never passes what it may be', () => {
    const growth = createGrowth(16);
    growth.reset();
    expect([growth.limit(), ...Array.from({ length: 5 }, () => goodRound(growth))]).toEqual([1, 2, 4, 8, 16, 16]);
    expect(growth.isGrown()).toBe(true);
  });

  it('is halved by each bad answer, down to one', () => {
    const growth = createGrowth(16);
    const limits = Array.from({ length: 6 }, () => {
      growth.bad();
      return growth.limit();
    });
    expect(limits).toEqual([8, 4, 2, 1, 1, 1]);
    expect(growth.isGrown()).toBe(false);
  });

  it('is rounded down where a half is no whole number', () => {
    const growth = createGrowth(5);
    growth.bad();
    expect(growth.limit()).toBe(2);
  });

  it('is one where no more is allowed, whatever happens', () => {
    const growth = createGrowth(1);
    for (const happens of [growth.bad, growth.good, growth.reset, growth.good]) {
      happens();
      expect(growth.limit()).toBe(1);
    }
  });
});
