import { expect, it } from 'vitest';
import { describeNews } from './describe-news.ts';

it('names the item that a back-order lacks, and says if it is inactive, because no alert told of it before', () => {
  const textOf = (isActive: boolean) => {
    const short = { sku: 'MUG-01', name: 'Mug', isActive, wanted: 2, there: 1 };
    const backordered = [{ packageId: 7, packageType: 'welcome_pack_v1', short, isFirst: true }];
    return describeNews({ backordered, filled: [], low: [] }).map(({ level, text }) => `${level}: ${text}`);
  };

  const start = 'warn: package 7 is backordered; welcome_pack_v1: 2 of MUG-01 (Mug';
  expect(textOf(true)).toEqual([`${start}) needed, 1 in stock`]);
  expect(textOf(false)).toEqual([`${start}, inactive) needed, 1 in stock`]);
});
