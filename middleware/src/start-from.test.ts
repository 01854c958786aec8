import { describe, expect, it } from 'vitest';
import { isBefore, parseStartFrom, type StartFrom } from './start-from.ts';

const noon = '2026-01-31T12:00:00.000Z';

describe('START_FROM', () => {
  it.each([
    ['beginning', { kind: 'beginning' }],
    ['now', { kind: 'now' }],
    ['4711', { kind: 'id', id: 4711 }],
    ['2026-01-31T12:00:00Z', { kind: 'time', time: noon }],
    ['2026-01-31T13:00+01:00', { kind: 'time', time: noon }],
    ['2026-01-31T12:00:00', { kind: 'time', time: noon }],
    ['2026-01-31', { kind: 'time', time: '2026-01-31T00:00:00.000Z' }],
  ])('takes %s', (text, expected) => {
    expect(parseStartFrom(text)).toEqual({ text, ...expected });
  });

  it.each([
    '',
    '0',
    '-1',
    '1.5',
    'Now',
    'yesterday',
    '2026-02-30',
    '2026-13-01',
    '31.01.2026',
    '2026-01-31 12:00',
    '12:00',
  ])('does not take %s', (text) => {
    expect(parseStartFrom(text)).toBeUndefined();
  });

  const before = (
    text: string,
    id: number,
    { createdAt, isLate = false }: { createdAt?: string; isLate?: boolean } = {},
  ) =>
    isBefore({ id, name: 'Ana', createdAt }, parseStartFrom(text) as StartFrom, { upTo: 10, isLate, isFirst: false });

  it('leaves nobody out from the beginning', () => {
    expect(before('beginning', 1)).toBe(false);
  });

  it('leaves out who is in the CRM now, but nobody who appears later, with whatever id', () => {
    expect([before('now', 10), before('now', 11), before('now', 5, { isLate: true })]).toEqual([true, false, false]);
  });

  it('leaves out lower ids than the given one', () => {
    expect([before('7', 6), before('7', 7), before('7', 5, { isLate: true })]).toEqual([true, false, true]);
  });

  it('leaves out who was created earlier; without a time, who is in the CRM now', () => {
    const time = '2026-01-31T12:00:00Z';
    expect(before(time, 99, { createdAt: '2026-01-31T11:59:59.999Z' })).toBe(true);
    expect(before(time, 1, { createdAt: noon })).toBe(false);
    expect([before(time, 10), before(time, 11)]).toEqual([true, false]);
  });
});
