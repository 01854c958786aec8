/**
 * The wait after a number of consecutive failures: doubles from `firstMs` to `longestMs`, with ± 20 % jitter so that
 * clients that failed together do not retry together. `random` is in [0, 1).
 *
 * Packages for backoff also make the call and wait. Here a worker, an alert and axios-retry wait in different ways.
 */
export function backoffMs(
  { firstMs, longestMs }: { firstMs: number; longestMs: number },
  failures: number,
  random: number,
): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestMs) * (0.8 + 0.4 * random);
}
