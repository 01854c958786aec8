import { describe, expect, it } from 'vitest';
import { createBreaker } from './breaker.ts';

function aBreaker() {
  let ms = 1_000_000;
  const breaker = createBreaker({ monotonicMs: () => ms });
  return {
    ...breaker,
    advance(byMs: number) {
      ms += byMs;
    },
    /** So many calls that are let through, and fail one after the other. */
    failTimes(times: number) {
      for (let time = 0; time < times; time += 1) {
        expect(breaker.letThrough()).toBe(true);
        breaker.bad();
      }
    },
  };
}

function anOpenBreaker() {
  const breaker = aBreaker();
  breaker.failTimes(5);
  return breaker;
}

/** One whose probe is on its way. */
function aProbingBreaker() {
  const breaker = anOpenBreaker();
  breaker.advance(5_000);
  expect(breaker.letThrough()).toBe(true);
  return breaker;
}

describe('the breaker', () => {
  it('lets calls through, however many, until five in a row have failed', () => {
    const breaker = aBreaker();

    breaker.failTimes(4);
    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, true]);
    breaker.bad();

    expect(breaker.letThrough()).toBe(false);
  });

  it('counts anew after a good answer', () => {
    const breaker = aBreaker();
    breaker.failTimes(4);
    breaker.good();

    breaker.failTimes(4);

    expect(breaker.letThrough()).toBe(true);
  });

  it('minds no failures that are far apart less than others', () => {
    const breaker = aBreaker();
    breaker.failTimes(4);
    breaker.advance(3_600_000);
    breaker.failTimes(1);

    expect(breaker.letThrough()).toBe(false);
  });
});

describe('an open breaker', () => {
  it('lets nothing through for five seconds, and then one probe', () => {
    const breaker = anOpenBreaker();

    breaker.advance(4_999);
    expect(breaker.letThrough()).toBe(false);
    breaker.advance(1);
    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, false]);
  });

  it('lets nothing more through while the probe is on its way, however long that takes', () => {
    const breaker = aProbingBreaker();

    breaker.advance(3_600_000);

    expect(breaker.letThrough()).toBe(false);
  });

  it('closes after a good probe and counts from nothing', () => {
    const breaker = aProbingBreaker();
    breaker.good();

    breaker.failTimes(4);

    expect(breaker.letThrough()).toBe(true);
  });

  it('waits another five seconds after a probe that failed, which need no four others', () => {
    const breaker = aProbingBreaker();
    breaker.bad();

    breaker.advance(4_999);
    expect(breaker.letThrough()).toBe(false);
    breaker.advance(1);
    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, false]);
  });

  it('closes after a good answer to what was still under way', () => {
    const breaker = anOpenBreaker();

    breaker.good();

    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, true]);
  });

  it('stays open after a failure of what was still under way', () => {
    const breaker = anOpenBreaker();

    breaker.bad();

    expect(breaker.letThrough()).toBe(false);
  });
});
