// p-limit and its like hold a limit; this one adapts it, as TCP does (additive increase, multiplicative decrease).

export type Growth = {
  /** Most calls under way at once, at the moment. */
  limit(): number;
  /** Whether it has grown as far as it may. */
  isGrown(): boolean;
  good(): void;
  bad(): void;
  /** Back to one: nobody knows yet how much the other side can take. */
  reset(): void;
};

/**
 * How many calls may be under way at once: as many as `max` until something goes wrong, half as many after a bad
 * answer, and one more after each good one, which doubles it with every round.
 */
export function createGrowth(max: number): Growth {
  let limit = max;
  return {
    limit: () => limit,
    isGrown: () => limit === max,
    good() {
      limit = Math.min(limit + 1, max);
    },
    bad() {
      limit = Math.max(Math.floor(limit / 2), 1);
    },
    reset() {
      limit = 1;
    },
  };
}
