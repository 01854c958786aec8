const jitter = 0.2;

/** A wait with jitter: deliveries that failed together must not all come back together. */
export function spread(waitMs: number, random: () => number): number {
  return waitMs * (1 + jitter * (2 * random() - 1));
}

export function longestSpread(waitMs: number): number {
  return waitMs * (1 + jitter);
}
