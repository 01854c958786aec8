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
    /** Makes this many permitted calls that fail. */
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

/** A breaker with a probe in flight. */
function aProbingBreaker() {
  const breaker = anOpenBreaker();
  breaker.advance(5_000);
  expect(breaker.letThrough()).toBe(true);
  return breaker;
}

describe('the breaker', () => {
  it('permits any number of calls until five in a row have failed', () => {
    const breaker = aBreaker();

    breaker.failTimes(4);
    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, true]);
    breaker.bad();

    expect(breaker.letThrough()).toBe(false);
  });

  it('starts counting again after a good answer', () => {
    const breaker = aBreaker();
    breaker.failTimes(4);
    breaker.good();

    breaker.failTimes(4);

    expect(breaker.letThrough()).toBe(true);
  });

  it('counts consecutive failures that are an hour apart', () => {
    const breaker = aBreaker();
    breaker.failTimes(4);
    breaker.advance(3_600_000);
    breaker.failTimes(1);

    expect(breaker.letThrough()).toBe(false);
  });
});

describe('an open breaker', () => {
  it('permits no call for five seconds, then one probe', () => {
    const breaker = anOpenBreaker();

    breaker.advance(4_999);
    expect(breaker.letThrough()).toBe(false);
    breaker.advance(1);
    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, false]);
  });

  it('permits no other call while the probe is in flight, however long it takes', () => {
    const breaker = aProbingBreaker();

    breaker.advance(3_600_000);

    expect(breaker.letThrough()).toBe(false);
  });

  it('closes after a good probe and counts from zero', () => {
    const breaker = aProbingBreaker();
    breaker.good();

    breaker.failTimes(4);

    expect(breaker.letThrough()).toBe(true);
  });

  it('waits another five seconds after a single failed probe', () => {
    const breaker = aProbingBreaker();
    breaker.bad();

    breaker.advance(4_999);
    expect(breaker.letThrough()).toBe(false);
    breaker.advance(1);
    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, false]);
  });

  it('closes after a good answer to a call that was still in flight', () => {
    const breaker = anOpenBreaker();

    breaker.good();

    expect([breaker.letThrough(), breaker.letThrough()]).toEqual([true, true]);
  });

  it('stays open after a failure of a call that was still in flight', () => {
    const breaker = anOpenBreaker();

    breaker.bad();

    expect(breaker.letThrough()).toBe(false);
  });
});
