import { describe, expect, it } from 'vitest';
import { inventoryNames, sourceNamePattern } from './inventory-names.ts';

const names = (sourceName?: string, packageType = 'welcome_pack_v1') => inventoryNames({ packageType, sourceName });

describe('the names of customers at the Inventory', () => {
  it('are their ids, unless the source has a name', () => {
    expect([names().nameOf(7), names().nameOf('a-7')]).toEqual([7, 'a-7']);
    expect([names('berlin').nameOf(7), names('berlin').nameOf('a-7')]).toEqual(['berlin:7', 'berlin:a-7']);
  });

  it.each([
    [undefined, 'welcome_pack_v1', 'welcome-7'],
    ['berlin', 'welcome_pack_v1', 'welcome-berlin:7'],
    [undefined, 'welcome_pack_v2', 'welcome_pack_v2-7'],
    ['berlin', 'welcome_pack_v2', 'welcome_pack_v2-berlin:7'],
  ])('make a key for the source %s and the type %s', (sourceName, type, key) => {
    expect(names(sourceName, type).idempotencyKeyOf(7)).toBe(key);
  });

  it('tell the packages of our source from those of others', () => {
    const { ownerOf } = names('berlin');
    expect(ownerOf('berlin:7')).toEqual({ kind: 'ours', customer: 7 });
    expect(ownerOf('berlin:a:7')).toEqual({ kind: 'ours', customer: 'a:7' });
    for (const other of ['paris:7', 7, '7', 'Berlin:7']) expect(ownerOf(other)).toEqual({ kind: 'other source' });
    for (const nobody of [null, undefined, '', 'berlin:', {}, 'berlin:0']) {
      expect(ownerOf(nobody)).toEqual({ kind: 'nobody' });
    }
  });

  it('show which ids may be those of another source, if ours has no name', () => {
    const { isOfOtherSource } = names();
    expect(['paris:7', 7, '7', 'a-7', ':7', 'paris:'].map(isOfOtherSource)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(names('berlin').isOfOtherSource('paris:7')).toBe(false);
  });
});

describe('the name of a source', () => {
  it.each(['berlin', 'Zoë-1', '東京', '🎁'])('is visible: %s', (name) => {
    expect(sourceNamePattern.test(name)).toBe(true);
  });

  it.each(['', 'a b', 'a:b', 'a,b', 'a\u200bb', '\u3164', 'a\u2800', 'a\n', 'x'.repeat(51)])('is not %j', (name) => {
    expect(sourceNamePattern.test(name)).toBe(false);
  });
});
