import { availableParallelism, loadavg } from 'node:os';

const usualMs = 60_000;
/** At a load of 25 per core, nothing that came at all took longer than two minutes. */
const longestMs = 600_000;

/**
 * The only limit on waiting in a test: one minute, multiplied by the load per core on a busy machine, and
 * at most ten minutes. `DOORSTEP_TEST_PATIENCE`, in seconds, replaces it.
 */
export function patienceMs(load = loadavg()[0] ?? 0, cores = availableParallelism()): number {
  const setSeconds = Number(process.env['DOORSTEP_TEST_PATIENCE']);
  if (setSeconds > 0) return setSeconds * 1_000;
  return Math.min(usualMs * Math.max(1, load / cores), longestMs);
}
