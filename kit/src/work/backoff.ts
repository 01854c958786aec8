/**
 * The wait after so many failures in a row: doubles from the first to the longest, ± 20 %, as many that failed together
 * must not all come back together. `random` is from 0 up to, not including, 1.
 *
 * Packages for this also make the call and wait. Here a worker, an alert's row and axios-retry each wait in their own way.
 */
export function backoffMs(
  { firstMs, longestMs }: { firstMs: number; longestMs: number },
  failures: number,
  random: number,
): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestMs) * (0.8 + 0.4 * random);
}
