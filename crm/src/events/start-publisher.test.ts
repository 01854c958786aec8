import { describe, expect, it } from 'vitest';
import { type PublisherOptions, startPublisher } from './start-publisher.ts';

describe('a publisher', () => {
  it('logs why it publishes nothing when it cannot take the lock', async () => {
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
