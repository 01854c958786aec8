import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

type Runs = { expression: string; change: string; times: string[] }[];

const main = join(import.meta.dirname, 'schedule-in-zone-main.ts');
const hourMs = 3_600_000;

/** Every multiple of the period, plus the offset, in the three hours around the change. */
function expectedTimes(change: string, periodMs: number, offsetMs = 0): string[] {
  const from = Date.parse(change) - 1.5 * hourMs;
  const times: string[] = [];
  for (let at = Math.floor(from / periodMs) * periodMs + offsetMs; at <= from + 3 * hourMs; at += periodMs) {
    if (at > from) times.push(new Date(at).toISOString());
  }
  return times;
}

const periods: Record<string, [number, number?]> = {
  '*/5 * * * * *': [5_000],
  '0 17 * * * *': [hourMs, 17 * 60_000],
  '0 0 */2 * * *': [2 * hourMs],
};

describe.each([
  ['Europe/Berlin', 2],
  ['America/New_York', 2],
  ['Australia/Lord_Howe', 2], // by half an hour
  ['Africa/Casablanca', 2],
  ['UTC', 1],
])('a schedule in the time zone %s', (zone, changesMin) => {
  it('skips and repeats nothing when the clocks change', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [main], { env: { ...process.env, TZ: zone } });

    const runs = JSON.parse(stdout) as Runs;
    expect(new Set(runs.map(({ change }) => change)).size).toBeGreaterThanOrEqual(changesMin);
    for (const { expression, change, times } of runs) {
      const [periodMs, offsetMs] = periods[expression] as [number, number?];
      expect(times, `${expression} around ${change}`).toEqual(expectedTimes(change, periodMs, offsetMs));
    }
  });
});
