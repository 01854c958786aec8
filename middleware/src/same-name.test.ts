import { describe, expect, it } from 'vitest';
import { isSameName } from './same-name.ts';

describe('two names', () => {
  it.each([
    ['Alice Example', 'alice  EXAMPLE'],
    ['Doe,\r\nJohn', 'Doe, John'],
    ['Ａｌｉｃｅ', 'Alice'],
    ['Straße', 'STRASSE'],
    ['An\u00adna', 'Anna'],
    ['x'.repeat(300), 'x'.repeat(200)],
    ['', 'Bob'],
  ])('are the same: %j and %j', (one, other) => {
    expect([isSameName(one, other), isSameName(other, one)]).toEqual([true, true]);
  });

  it.each([
    ['Alice', 'Bob'],
    ['Ann', 'Anna'],
    ['Alice Example', 'Alice Married'],
  ])('differ: %j and %j', (one, other) => {
    expect([isSameName(one, other), isSameName(other, one)]).toEqual([false, false]);
  });
});
