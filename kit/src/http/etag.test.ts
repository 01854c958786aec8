import { describe, expect, it } from 'vitest';
import { isKnown, requireMatch } from './etag.ts';

/** Whether each header accepts version 12. */
const both = (header: string) => {
  const check = requireMatch(header);
  const matches = () => {
    try {
      check(12);
      return true;
    } catch {
      return false;
    }
  };
  return [matches(), isKnown(header, 12)];
};

describe('If-Match and If-None-Match', () => {
  it.each([
    '"12"',
    ' "12" ',
    'W/"12"',
    '"12-gzip"',
    '"12-br"',
    '"12-zstd"',
    '"12-deflate"',
    '"12--gzip"',
    '"12;gzip"',
    '"12:gzip"',
    '"12-x-gzip"',
    'W/"12-gzip"',
    '"1", W/"12--gzip"',
    '*',
    ' * ',
  ])('name the version, as proxies leave it: %s', (header) => {
    expect(both(header)).toEqual([true, true]);
  });

  it.each([
    '"1"',
    '"2"',
    '"112"',
    'W/"1"',
    '"1-gzip"',
    '"12gzip"',
    '"12-"',
    '"12-x"',
    '"12-gzip-2"',
    '"-gzip"',
    '"012"',
    'w/"12"',
    'W/12',
    '12',
    '12-gzip',
    '"12',
    '""',
    '',
    'nonsense',
    '"1" "12"',
    '"*"',
  ])('do not name another: %s', (header) => {
    expect(both(header)).toEqual([false, false]);
  });

  it('are no condition if they are missing', () => {
    expect(() => requireMatch(undefined)(12)).not.toThrow();
    expect(isKnown(undefined, 12)).toBe(false);
  });
});
