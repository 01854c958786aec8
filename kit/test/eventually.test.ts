import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually, within } from './eventually.ts';
import { patienceMs } from './patience.ts';

afterEach(() => void vi.unstubAllEnvs());

const givesUpSoon = () => vi.stubEnv('DOORSTEP_TEST_PATIENCE', '0.05');

describe('the patience of a test', () => {
  it.each([
    [0, 60_000],
    [2, 60_000],
    [10, 300_000],
    [50, 600_000],
  ])('at a load of %i on two cores is %i ms', (load, expectedMs) => {
    vi.stubEnv('DOORSTEP_TEST_PATIENCE', '');
    expect(patienceMs(load, 2)).toBe(expectedMs);
  });

  it('is DOORSTEP_TEST_PATIENCE, in seconds, if set', () => {
    vi.stubEnv('DOORSTEP_TEST_PATIENCE', '90');
    expect(patienceMs()).toBe(90_000);
  });
});

describe('eventually', () => {
  it('returns what the check returns once it neither throws nor returns false', async () => {
    let checks = 0;
    const check = () => {
      checks += 1;
      if (checks === 1) throw new Error('not yet');
      return checks === 3 && 'now';
    };
    expect(await eventually(check)).toBe('now');
  });

  it('fails with the condition that it waited for and the last error', async () => {
    givesUpSoon();
    await expect(eventually(() => 1 > 2)).rejects.toThrow(/^still false after waiting \d+ s for \(\) => 1 > 2$/);
    const failing = eventually(() => expect('pending').toBe('delivered'));
    await expect(failing).rejects.toThrow(/expected 'pending' to be 'delivered'.* \(after waiting \d+ s for /s);
  });
});

describe('within', () => {
  it('returns the value of the promise, or rejects with its error', async () => {
    expect(await within('an answer', Promise.resolve('yes'))).toBe('yes');
    await expect(within('an answer', Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('names the missing event in its error', async () => {
    givesUpSoon();
    await expect(within('the end of crm', new Promise(() => undefined))).rejects.toThrow(
      /^the end of crm did not come after/,
    );
  });
});
