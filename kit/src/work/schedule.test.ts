import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Schedule, startSchedule } from './schedule.ts';

const start = Date.parse('2026-01-01T12:00:00.500Z');
const dayMs = 24 * 3_600_000;

describe('a schedule of every five seconds', () => {
  let schedule: Schedule;
  let times: string[];
  let work: () => Promise<void>;

  beforeEach(() => {
    vi.useFakeTimers({ now: start });
    times = [];
    work = async () => {};
    schedule = startSchedule('*/5 * * * * *', () => {
      times.push(new Date().toISOString());
      return work();
    });
  });
  afterEach(() => {
    schedule.stop();
    vi.useRealTimers();
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const setClock = (byMs: number) => vi.setSystemTime(Date.now() + byMs);

  it('runs its work at the scheduled times', async () => {
    await pass(10_000);
    expect(times).toEqual(['2026-01-01T12:00:05.000Z', '2026-01-01T12:00:10.000Z']);
  });

  it('goes on within five seconds after the clock is set back by a day', async () => {
    await pass(6_000);
    setClock(-dayMs);
    await pass(6_000);
    expect(times).toEqual(['2026-01-01T12:00:05.000Z', '2025-12-31T12:00:10.000Z']);
  });

  it('runs its work once, immediately, for all times skipped when the clock is set forward', async () => {
    await pass(6_000);
    setClock(20_000 * dayMs);
    await pass(1_000);
    expect(times).toHaveLength(2);
    await pass(4_000);
    expect(times).toHaveLength(3);
  });

  it('skips times while its work is still running', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    work = () => promise;
    await pass(20_000);
    expect(times).toHaveLength(1);
    resolve();
    await pass(5_000);
    expect(times).toHaveLength(2);
  });

  it('runs nothing after it is stopped', async () => {
    schedule.stop();
    await pass(20_000);
    expect(times).toEqual([]);
  });
});
