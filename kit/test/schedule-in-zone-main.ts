import { mock } from 'node:test';
import { startSchedule } from '../src/work/schedule.ts';

/**
 * Prints the times at which schedules run in the two hours around each change of the clocks in 2026, in the time zone
 * of this process. Its timers are simulated, so that takes no time.
 */

const hourMs = 3_600_000;
const expressions = ['*/5 * * * * *', '0 17 * * * *', '0 0 */2 * * *'];

const changes = changesOf2026();
// without changes, any time will do
if (changes.length === 0) changes.push(Date.parse('2026-10-25T01:00:00Z'));
const runs = [];
for (const expression of expressions) {
  for (const change of changes) runs.push({ expression, change: toIso(change), times: await timesAround(change) });

  async function timesAround(change: number): Promise<string[]> {
    const from = change - 1.5 * hourMs;
    mock.timers.enable({ apis: ['Date', 'setTimeout'], now: from + 300 });
    const times: string[] = [];
    const schedule = startSchedule(
      expression,
      async () => void times.push(toIso(Math.floor(Date.now() / 1000) * 1000)),
    );
    for (let second = 0; second < 3 * 3600; second += 1) {
      mock.timers.tick(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    schedule.stop();
    mock.timers.reset();
    return times;
  }
}
process.stdout.write(JSON.stringify(runs));

function changesOf2026(): number[] {
  const found: number[] = [];
  for (let at = Date.parse('2026-01-01T00:00:00Z'); at < Date.parse('2027-01-01T00:00:00Z'); at += hourMs / 2) {
    if (new Date(at).getTimezoneOffset() !== new Date(at - 1).getTimezoneOffset()) found.push(at);
  }
  return found;
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
