import { describe, expect, it } from 'vitest';
import { simulate } from './as-a-process.ts';
import { plantedFaults } from './planted-faults.ts';

describe('the simulation of a core with a fault', () => {
  it('finds every planted fault, each within so many seeds', async () => {
    // from a seed on that has the rarest of them close by: from the first it takes three times as long
    const { code, output } = await simulate('--planted', '--seed', '160');
    expect(output).not.toContain('NOT FOUND');
    expect(output.match(/^found at/gm)).toHaveLength(plantedFaults.length);
    expect(code).toBe(0);
  });

  it('names the fewest faults that are needed, and the command that repeats them', async () => {
    const { code, output } = await simulate('--seed', '227', '--seeds', '400', '--plant', 'unique constraint dropped');
    expect(code).toBe(1);
    const [, found, all, command = ''] =
      /It needs (\d+) of (\d+) faults for it:[\s\S]*\nAgain: npm run simulate -- (.*)\n/.exec(output) ?? [];
    expect(Number(found)).toBeLessThan(Number(all));
    const again = await simulate(
      ...(command
        .replaceAll("'", '"')
        .match(/"[^"]+"|\S+/g)
        ?.map((word) => word.replaceAll('"', '')) ?? []),
    );
    expect(again.code).toBe(1);
    const promise = /breaks a promise: (.*)/.exec(output)?.[1] ?? 'none';
    expect(again.output).toContain(promise);
  });
});
