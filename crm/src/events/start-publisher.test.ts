import { describe, expect, it } from 'vitest';
import { backoffMs } from './start-publisher.ts';

const [lowest, middle, highest] = [0, 0.5, 1];

describe('the wait after a failure to publish', () => {
  it('doubles from a second to a minute', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffMs(failures, middle));

    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it.each([1, 4, 7, 1_000_000])('is up to a fifth shorter or longer, after %i failures', (failures) => {
    const wait = backoffMs(failures, middle);

    expect(backoffMs(failures, lowest)).toBeCloseTo(wait * 0.8);
    expect(backoffMs(failures, highest)).toBeCloseTo(wait * 1.2);
  });
});
