import { describe, expect, it } from 'vitest';
import { singleFlight } from './single-flight.ts';

/** Each run waits until the test calls its function in `ends`. */
function aFlight() {
  const ends: ((error?: Error) => void)[] = [];
  const flight = singleFlight(() => {
    const run = ends.length + 1;
    return new Promise<number>((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve(run)));
    });
  });
  return { ...flight, ends };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a single flight', () => {
  it('shares the run under way with every caller of join', async () => {
    const { join, ends } = aFlight();
    const runs = [join(), join(), join()];
    ends[0]?.();
    expect(await Promise.all(runs)).toEqual([1, 1, 1]);
    expect(ends.length).toBe(1);
  });

  it('runs once more for all callers of again during a run', async () => {
    const { again, ends } = aFlight();
    const first = again();
    const asked = [again(), again()];
    ends[0]?.();
    expect(await first).toBe(1);
    await turn();
    ends[1]?.();
    expect(await Promise.all(asked)).toEqual([2, 2]);
  });

  it('runs again after a failed run, and fails no other caller', async () => {
    const { again, ends } = aFlight();
    const first = again();
    const second = again();
    ends[0]?.(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await turn();
    ends[1]?.();
    expect(await second).toBe(2);
  });

  it('answers a call in any microtask around the end of a run', async () => {
    for (let ticks = 0; ticks < 20; ticks += 1) {
      let runs = 0;
      const gate = Promise.withResolvers<void>();
      const { again } = singleFlight(async () => {
        runs += 1;
        if (runs === 1) await gate.promise;
      });
      void again();
      gate.resolve();
      for (let tick = 0; tick < ticks; tick += 1) await null;
      let answered = false;
      void again().then(() => {
        answered = true;
      });
      await turn();
      expect({ ticks, answered }).toEqual({ ticks, answered: true });
    }
  });

  it('is idle when no run is under way or requested', async () => {
    const { again, idle, ends } = aFlight();
    await idle();
    void again();
    void again();
    let isIdle = false;
    void idle().then(() => {
      isIdle = true;
    });
    ends[0]?.();
    await turn();
    expect(isIdle).toBe(false);
    ends[1]?.();
    await turn();
    expect(isIdle).toBe(true);
  });
});
