import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createEventMetrics } from '../metrics.ts';
import { createPublishRound, type RoundOptions } from './publish-round.ts';

const waitsMs = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];

/** Runs this many rounds with a failing database. Each round returns when the next one is due. */
async function failingRounds(count: number, random: number) {
  const lines: string[] = [];
  const metrics = createEventMetrics(new Registry(), async () => ({ count: 0, oldestSeconds: 0 }));
  const db = {
    selectFrom() {
      throw new Error('disk I/O error');
    },
  };
  const logger = { warn: (line: string) => lines.push(line) };
  const clock = { now: () => new Date() };
  const round = createPublishRound({ db, clock, logger, metrics, random: () => random } as unknown as RoundOptions);
  const next = [];
  for (let done = 0; done < count; done += 1) next.push(await round(new AbortController().signal));
  return { next, lines, metrics };
}

describe('a round that cannot publish', () => {
  it('is repeated after a second, doubling up to a minute, whether woken or not', async () => {
    const { next } = await failingRounds(8, 0.5);

    expect(next).toEqual(waitsMs.map((inMs) => ({ inMs })));
  });

  it.each([
    [0, 0.8],
    [1, 1.2],
  ])('jitters the wait by up to 20 %%: random %d gives a factor of %d', async (random, share) => {
    const { next } = await failingRounds(8, random);

    expect(next.map(({ inMs }) => inMs)).toEqual(waitsMs.map((waitMs) => expect.closeTo(waitMs * share)));
  });

  it('logs the reason and the next attempt, and counts the failure', async () => {
    const { lines, metrics } = await failingRounds(2, 0.5);

    expect(lines).toEqual([
      'no event was published: the outbox cannot be used: disk I/O error; attempt 2 in 1.0 s',
      'no event was published: the outbox cannot be used: disk I/O error; attempt 3 in 2.0 s',
    ]);
    const counts = await Promise.all([metrics.published.get(), metrics.failures.get()]);
    expect(counts.map(({ values }) => values[0]?.value)).toEqual([0, 2]);
  });
});
