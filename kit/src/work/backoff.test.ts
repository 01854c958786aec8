import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const waits = { firstMs: 1_000, longestMs: 60_000 };
const [lowest, middle, highest] = [0, 0.5, 1];

describe('the wait after failures', () => {
  it('doubles from the first wait to the longest', () => {
    const after = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffMs(waits, failures, middle));

    expect(after).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it.each([1, 4, 7, 1_000_000])('varies by up to 20 % after %i failures', (failures) => {
    const wait = backoffMs(waits, failures, middle);

    expect(backoffMs(waits, failures, lowest)).toBeCloseTo(wait * 0.8);
    expect(backoffMs(waits, failures, highest)).toBeCloseTo(wait * 1.2);
  });
});
