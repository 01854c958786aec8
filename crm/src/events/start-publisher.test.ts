import { describe, expect, it } from 'vitest';
import { backoffMs, type PublisherOptions, startPublisher } from './start-publisher.ts';

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

describe('a publisher', () => {
  it('tells who looks at the log why it publishes nothing, where it cannot have the right to', async () => {
    const lines: string[] = [];
    const tell = (line: string) => lines.push(line);
    const logger = { debug: () => undefined, info: tell, warn: tell, error: tell };
    const takeLock = () => Promise.reject(new Error('unable to open database file'));

    const publisher = startPublisher({ logger, takeLock } as unknown as PublisherOptions);
    await new Promise((resolve) => setImmediate(resolve));
    await publisher[Symbol.asyncDispose]();

    expect(lines).toEqual([expect.stringContaining('unable to open database file')]);
  });
});
