/** Numbers that look random and are the same for the same seed: mulberry32, by Tommy Ettinger, in the public domain. */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    /** From 0 up to, not including, 1. */
    next,
    /** From `min` to `max`, both included. */
    integer,
    chance: (share: number) => next() < share,
    pick: <T>(choices: readonly T[]): T => choices[integer(0, choices.length - 1)] as T,
    /** As `integer`, and as often between 1 and 10 as between 1,000 and 10,000. */
    magnitude: (min: number, max: number) => Math.round(min * (max / min) ** next()),
  };
}

export type Random = ReturnType<typeof createRandom>;

/** A number from 0 up to 1 that depends on these numbers alone, so that nothing else that happens changes it. */
export function drawn(...labels: number[]): number {
  let seed = 0x9e3779b9;
  for (const label of labels) seed = Math.imul(seed ^ (label + 0x7f4a7c15 + (seed << 6)), 0x85ebca6b) ^ (seed >>> 13);
  return createRandom(seed).next();
}
