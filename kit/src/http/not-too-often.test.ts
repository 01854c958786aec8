import { expect, it } from 'vitest';
import { notTooOften } from './not-too-often.ts';

it('is made once for all who ask at the same time, and shows them what was there when they asked', async () => {
  const source = { value: 0 };
  let count = 0;
  const read = notTooOften(async ({ value }: typeof source) => {
    count += 1;
    return value;
  });
  const first = await Promise.all([read(source), read(source), read(source)]);
  source.value = 1;
  const second = await Promise.all(Array.from({ length: 100 }, () => read(source)));
  expect([first, new Set(second), count]).toEqual([[0, 0, 0], new Set([1]), 2]);
});

it('is made again after a failure', async () => {
  let count = 0;
  const read = notTooOften(async () => {
    count += 1;
    if (count === 1) throw new Error('away');
    return count;
  });
  const source = {};
  await expect(read(source)).rejects.toThrow('away');
  expect(await read(source)).toBe(2);
});

it('is made for each source by itself', async () => {
  const read = notTooOften(async ({ name }: { name: string }) => name);
  expect(await Promise.all([read({ name: 'a' }), read({ name: 'b' })])).toEqual(['a', 'b']);
});
