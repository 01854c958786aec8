import { mulberry32 } from '@doorstep/kit/test/mulberry32.ts';

/** A random source that a seed determines. */
export function createRandom(seed: number) {
  const next = mulberry32(seed);
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    /** From 0 up to, not including, 1. */
    next,
    /** From `min` to `max`, both included. */
    integer,
    chance: (share: number) => next() < share,
    pick: <T>(choices: readonly T[]): T => choices[integer(0, choices.length - 1)] as T,
    /** An integer as often between 1 and 10 as between 1,000 and 10,000. */
    magnitude: (min: number, max: number) => Math.round(min * (max / min) ** next()),
  };
}

export type Random = ReturnType<typeof createRandom>;

/** A number from 0 up to 1 that depends only on the labels, so that no other draw changes it. */
export function drawn(...labels: number[]): number {
  let seed = 0x9e3779b9;
  for (const label of labels) seed = Math.imul(seed ^ (label + 0x7f4a7c15 + (seed << 6)), 0x85ebca6b) ^ (seed >>> 13);
  return createRandom(seed).next();
}
