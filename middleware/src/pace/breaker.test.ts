import { describe, expect, it } from 'vitest';
import { createBreaker } from './breaker.ts';

const startMs = Date.parse('2026-01-01T00:00:00.000Z');
const hourMs = 3_600_000;

function aBreaker() {
  let ms = startMs;
  const breaker = createBreaker({ now: () => new Date(ms), monotonicMs: () => ms });
  return {
    ...breaker,
    kind: () => breaker.state().kind,
    /** Whether a poll after so long lets a probe through. */
    probesAfter(byMs: number) {
      ms += byMs;
      breaker.poll();
      const state = breaker.state();
      return state.kind === 'open' && state.probes;
    },
    advance(byMs: number) {
      ms += byMs;
    },
  };
}

function anOpenBreaker(afterMs?: number) {
  const breaker = aBreaker();
  breaker.bad([1, 2, 3, 4, 5], afterMs);
  return breaker;
}

/** A probe that has failed. */
function aFailedProbe(breaker: ReturnType<typeof aBreaker>, afterMs?: number) {
  breaker.poll();
  breaker.probe();
  return breaker.bad([6], afterMs);
}

describe('the breaker', () => {
  it('opens after five different customers in a row', () => {
    const breaker = aBreaker();
    expect([1, 2, 3, 4].map((id) => breaker.bad([id]))).toEqual([false, false, false, false]);
    expect(breaker.kind()).toBe('closed');
    expect(breaker.bad([5])).toBe(true);
    expect(breaker.kind()).toBe('open');
  });

  it('opens after one call for many customers', () => {
    expect(aBreaker().bad([1, 2, 3, 4, 5, 6])).toBe(true);
    expect(aBreaker().bad([1, 2, 3, 4])).toBe(false);
  });

  it('never opens because of one customer, however often it fails', () => {
    const breaker = aBreaker();
    for (let time = 0; time < 100; time += 1) expect(breaker.bad([7])).toBe(false);
    expect(breaker.kind()).toBe('closed');
  });

  it('counts anew after a good answer', () => {
    const breaker = aBreaker();
    breaker.bad([1, 2, 3, 4]);
    expect(breaker.good()).toBeUndefined();
    expect(breaker.bad([5, 6, 7, 8])).toBe(false);
    expect(breaker.bad([9])).toBe(true);
  });

  it('tells of the first failure that led to it, not of one before the last good answer', () => {
    const breaker = aBreaker();
    breaker.bad([1]);
    breaker.good();
    breaker.advance(1_000);
    breaker.bad([2]);
    breaker.advance(1_000);
    breaker.bad([3, 4, 5, 6]);
    breaker.advance(1_000);
    expect(breaker.good()).toMatchObject({ since: '2026-01-01T00:00:01.000Z', sinceMs: startMs + 2_000 });
  });

  it('opens once, whatever else that was under way fails', () => {
    const breaker = anOpenBreaker();
    expect(breaker.bad([6, 7, 8, 9, 10, 11])).toBe(false);
    expect(breaker.kind()).toBe('open');
  });
});

describe('an open breaker', () => {
  it('lets no probe through before a poll, and one after it', () => {
    const breaker = anOpenBreaker();
    expect(breaker.state()).toMatchObject({ probes: false });
    expect(breaker.probesAfter(0)).toBe(true);
    breaker.probe();
    expect(breaker.kind()).toBe('half-open');
    expect(breaker.probesAfter(60_000)).toBe(false);
  });

  it('stays open after a probe that failed, and waits for the next poll', () => {
    const breaker = anOpenBreaker();
    expect(aFailedProbe(breaker)).toBe(false);
    expect(breaker.state()).toMatchObject({ kind: 'open', probes: false });
    expect(breaker.probesAfter(5_000)).toBe(true);
  });

  it('lets another probe through at once after one that was not posted', () => {
    const breaker = anOpenBreaker();
    breaker.poll();
    breaker.probe();
    breaker.probeUnused();
    expect(breaker.state()).toMatchObject({ kind: 'open', probes: true, since: '2026-01-01T00:00:00.000Z' });
  });

  it('remembers over failed probes since when there has been trouble', () => {
    const breaker = anOpenBreaker();
    breaker.advance(5_000);
    aFailedProbe(breaker);
    breaker.poll();
    breaker.probe();
    expect(breaker.good()).toMatchObject({ since: '2026-01-01T00:00:00.000Z', sinceMs: startMs });
  });

  it('closes after a good probe and counts from nothing', () => {
    const breaker = anOpenBreaker();
    breaker.poll();
    breaker.probe();
    expect(breaker.good()).toMatchObject({ kind: 'half-open' });
    expect(breaker.kind()).toBe('closed');
    expect(breaker.bad([1, 2, 3, 4])).toBe(false);
  });

  it('closes after a good answer to what was still under way', () => {
    const breaker = anOpenBreaker();
    expect(breaker.good()).toMatchObject({ kind: 'open' });
    expect(breaker.kind()).toBe('closed');
  });

  it('waits as long as the other side asks it to', () => {
    const breaker = anOpenBreaker(60_000);
    expect(breaker.probesAfter(59_999)).toBe(false);
    expect(breaker.probesAfter(1)).toBe(true);
    aFailedProbe(breaker, 120_000);
    expect(breaker.probesAfter(119_999)).toBe(false);
    expect(breaker.probesAfter(1)).toBe(true);
  });

  it('waits as long as anybody who was under way as it opened is asked to', () => {
    const breaker = anOpenBreaker();
    breaker.bad([6], 60_000);
    breaker.bad([7], 10_000);
    expect(breaker.probesAfter(59_999)).toBe(false);
    expect(breaker.probesAfter(1)).toBe(true);
  });

  it('takes back the probe of a poll where somebody who was under way is asked to wait only then', () => {
    const breaker = anOpenBreaker();
    expect(breaker.probesAfter(5_000)).toBe(true);
    breaker.bad([6], 60_000);
    expect(breaker.state()).toMatchObject({ kind: 'open', probes: false });
    expect(breaker.probesAfter(60_000)).toBe(true);
  });

  it('waits an hour at most', () => {
    const breaker = anOpenBreaker(24 * hourMs);
    expect(breaker.probesAfter(hourMs - 1)).toBe(false);
    expect(breaker.probesAfter(1)).toBe(true);
  });
});
