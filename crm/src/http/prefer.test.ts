import { describe, expect, it } from 'vitest';
import { preferredWaitSeconds } from './prefer.ts';

describe('a Prefer header', () => {
  it.each([
    ['wait=1', 1],
    ['wait=30', 30],
    ['wait=31', 30],
    ['wait=999999999', 30],
    ['Wait=5', 5],
    ['wait = 5', 5],
    ['wait="5"', 5],
    ['respond-async, wait=10', 10],
    ['return=minimal;foo=bar,  wait=10; foo', 10],
    ['wait=5, wait=10', 5],
  ])('%s asks for a wait of at most 30 seconds', (header, seconds) => {
    expect(preferredWaitSeconds(header)).toBe(seconds);
  });

  it.each([
    [undefined],
    [''],
    ['wait'],
    ['wait='],
    ['wait=0'],
    ['wait=-1'],
    ['wait=1.5'],
    ['wait=1e3'],
    ['wait=soon'],
    ['wait=1 2'],
    ['await=5'],
    ['respond-async'],
    ['handling=strict; wait=5'],
    [`wait=${'9'.repeat(1000)}`],
    [', ,;'],
  ])('%s asks for no wait', (header) => {
    expect(preferredWaitSeconds(header)).toBeUndefined();
  });
});
