import { describe, expect, it } from 'vitest';
import { beginCall, callsFor, recordCalls } from './calls.ts';

const clock = { now: () => new Date('2026-01-01T00:00:00.000Z'), monotonicMs: () => 0 };

async function call(kind: 'post' | 'look-up', status: number) {
  const end = beginCall(kind);
  await Promise.resolve();
  end?.(status);
}

describe('a recorded attempt', () => {
  it('gives each customer of a group its own look-ups and the calls for all, in the order in which they began', async () => {
    const { callsOf } = await recordCalls(clock, async () => {
      await Promise.all([1, 2].map((id) => callsFor(id, () => call('look-up', 200 + id))));
      await call('post', 200);
      await callsFor(2, () => call('look-up', 299));
    });
    expect([1, 2, 3].map((id) => callsOf(id).map(({ status }) => status))).toEqual([
      [201, 200],
      [202, 200, 299],
      [200],
    ]);
  });

  it('does not mix its calls with those of another that runs at the same time', async () => {
    const both = [201, 202].map((status) => recordCalls(clock, () => call('post', status)));
    const statuses = (await Promise.all(both)).map(({ callsOf }) => callsOf(1).map(({ status }) => status));
    expect(statuses).toEqual([[201], [202]]);
  });

  it('is the only place where calls are recorded', () => {
    expect(beginCall('read')).toBeUndefined();
  });
});
