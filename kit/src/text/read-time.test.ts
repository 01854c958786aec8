import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readTime } from './read-time.ts';

beforeAll(() => vi.stubEnv('TZ', 'Asia/Kolkata'));
afterAll(() => vi.unstubAllEnvs());

it.each([
  ['2026-10-25T02:30:00Z', '2026-10-25T02:30:00.000Z'],
  ['2026-10-25T02:30:00.123456+02:00', '2026-10-25T00:30:00.123Z'],
  ['2026-10-25 02:30:00+02', '2026-10-25T00:30:00.000Z'],
  ['2026-10-25T02:30:00-0500', '2026-10-25T07:30:00.000Z'],
  ['Sun, 25 Oct 2026 02:30:00 GMT', '2026-10-25T02:30:00.000Z'],
  ['2026-10-25', '2026-10-25T00:00:00.000Z'],
])('reads %j as it says', (text, time) => {
  expect(readTime(text).toISOString()).toBe(time);
});

it.each([
  ['2026-10-25T02:30:00', '2026-10-25T02:30:00.000Z'],
  ['2026-10-25T02:30', '2026-10-25T02:30:00.000Z'],
  ['2026-10-25 02:30:00.123456', '2026-10-25T02:30:00.123Z'],
  ['10/25/2026 02:30:00 PM', '2026-10-25T14:30:00.000Z'],
])('reads %j, which has no offset, as UTC', (text, time) => {
  expect(new Date(text).toISOString()).not.toBe(time); // the time zone of the test is in use
  expect(readTime(text).toISOString()).toBe(time);
});

it.each(['', 'yesterday', '2026-13-01T00:00:00'])('reads %j as no time', (text) => {
  expect(readTime(text).getTime()).toBeNaN();
});
