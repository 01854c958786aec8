import type { SoakResult } from './soak.ts';

const shownMax = 20;

/** The result of a run as a table of two columns. */
export function toTable(result: SoakResult): string {
  const rows: [string, string | number][] = [
    ['minutes', result.minutes],
    ['customers confirmed', `${result.answered}, of which ${result.deleted} were deleted`],
    ['customers in doubt', result.inDoubt],
    ['customers in the CRM', result.customers],
    ['packages', result.packages],
    ['kills', listCounts(result.kills)],
    ['faults', listCounts(result.faults)],
    ['operator commands', listCounts(result.operations)],
    ['not covered', result.notCovered.join('; ') || 'nothing'],
    ['replayed at the end', result.replayed],
    ['settled after', `${result.settledSeconds} s`],
    ['lost', result.lost],
    ['doubled', result.doubled],
    ['waiting', result.waiting],
    ['verdict', result.isProven ? 'proven' : `NOT PROVEN, ${result.violations.length} violations`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const shown = result.violations.slice(0, shownMax).map((violation) => `  - ${violation}`);
  return [result.database, ...lines, ...shown].join('\n');
}

function listCounts(counts: Record<string, number>): string {
  const sorted = Object.entries(counts).sort(([a], [b]) => a.localeCompare(b));
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  return [String(total), ...sorted.map(([name, count]) => `${name} ${count}`)].join(', ');
}

type Run = { isProven: boolean; seed: string; minutes: number; folder: string | undefined };

export function toJson(results: SoakResult[], { isProven, seed, minutes, folder }: Run) {
  const databases = results.map((result) => ({
    database: result.database,
    minutes: result.minutes,
    customers: {
      answered: result.answered,
      in_doubt: result.inDoubt,
      deleted: result.deleted,
      stored: result.customers,
    },
    packages: result.packages,
    kills: result.kills,
    faults: result.faults,
    operations: result.operations,
    not_covered: result.notCovered,
    replayed: result.replayed,
    settled_seconds: result.settledSeconds,
    lost: result.lost,
    doubled: result.doubled,
    waiting: result.waiting,
    proven: result.isProven,
    violations: result.violations,
  }));
  return { seed, minutes, proven: isProven, ...(folder !== undefined && { folder }), databases };
}
