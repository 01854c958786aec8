import { describe, expect, it } from 'vitest';
import type { RecordedCall } from '../calls.ts';
import { fromStored, toStored } from './stored-calls.ts';

const at = '2026-01-01T00:00:00.000Z';
const aCall = (duration_ms: number, kind: RecordedCall['kind'] = 'post') =>
  ({ at, kind, status: 503, error: 'Inventory answered 503', duration_ms }) as const;
const attempt = { started_at: at, duration_ms: 7, status: 503, error: 'Inventory answered 503' };

describe('the calls of an attempt', () => {
  it('come back as they were', () => {
    for (const calls of [[aCall(7)], [aCall(1), aCall(2)], [aCall(3, 'look-up')]]) {
      expect(fromStored({ ...attempt, calls: toStored(calls) })).toEqual(calls);
    }
  });

  it('take no room if there is only the post', () => {
    expect(toStored([aCall(7)])).toBe('[]');
  });

  it('are the first twenty and the last twenty', () => {
    const stored = fromStored({ ...attempt, calls: toStored(Array.from({ length: 100 }, (_, nth) => aCall(nth))) });
    const kept = stored.map(({ duration_ms }) => duration_ms);
    expect([kept.length, kept[0], kept[19], kept[20], kept[39]]).toEqual([40, 0, 19, 80, 99]);
  });

  it('are one in the ledger of an earlier release, and unknown for an interrupted attempt', () => {
    const found = { started_at: at, duration_ms: 7, status: null, error: null, calls: '[]' };
    expect(fromStored(found)).toMatchObject([{ kind: 'look-up', status: null }]);
    expect(fromStored({ ...found, duration_ms: null, error: 'interrupted' })).toEqual([]);
  });
});
