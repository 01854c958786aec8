import { describe, expect, it } from 'vitest';
import { createProgress } from './progress.ts';

function aBar({ isTTY = true, json = false } = {}) {
  const written: string[] = [];
  let nowMs = 5_000;
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const terminal = { isTTY, write: (text: string) => written.push(text) };
  const progress = createProgress({ terminal, values: { json }, clock }, 'baked');
  return {
    written,
    showAfter(ms: number, done: number, total: number) {
      nowMs += ms;
      progress.show(done, total);
    },
    end: progress.end,
  };
}

describe('a progress bar', () => {
  it('is drawn for work that takes longer than a second, and cleared at the end', () => {
    const { written, showAfter, end } = aBar();

    showAfter(999, 1, 4);
    expect(written).toEqual([]);
    showAfter(1, 1, 4);
    end();

    expect(written).toEqual([`\r${'█'.repeat(8)}${'░'.repeat(22)}  25 %  1/4 baked\x1b[K`, '\r\x1b[K']);
  });

  it('is drawn at most ten times a second', () => {
    const { written, showAfter } = aBar();

    for (const ms of [1_000, 99, 1, 50, 50]) showAfter(ms, 1, 4);

    expect(written).toHaveLength(3);
  });

  it('never exceeds 100 %, and accepts a total of zero', () => {
    const { written, showAfter } = aBar();

    showAfter(1_000, 5, 4);
    showAfter(100, 0, 0);

    expect(written).toEqual([
      `\r${'█'.repeat(30)} 100 %  5/5 baked\x1b[K`,
      `\r${'░'.repeat(30)}   0 %  0/0 baked\x1b[K`,
    ]);
  });

  it.each([
    ['a stream that is not a terminal', { isTTY: false }],
    ['a terminal with --json', { json: true }],
  ])('writes nothing to %s', (_where, options) => {
    const { written, showAfter, end } = aBar(options);

    showAfter(10_000, 1, 4);
    end();

    expect(written).toEqual([]);
  });
});
