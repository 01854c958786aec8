import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAlarm } from './alarm.ts';

const aMinuteMs = 60_000;

/** Whether a sleep has ended after one turn of the event loop. */
async function isOver(sleep: Promise<void>): Promise<boolean> {
  let over = false;
  void sleep.then(() => {
    over = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return over;
}

describe('an alarm', () => {
  beforeEach(() => {
    stop = new AbortController();
    alarm = createAlarm(stop.signal);
  });
  afterEach(() => stop.abort());
  let stop: AbortController;
  let alarm: ReturnType<typeof createAlarm>;

  it('ends the sleep that waits for it', async () => {
    const sleep = alarm.sleepUntilRung(aMinuteMs);
    expect(await isOver(sleep)).toBe(false);

    alarm.ring();

    expect(await isOver(sleep)).toBe(true);
  });

  it('rung before a sleep ends that sleep at once, and no later one', async () => {
    alarm.ring();
    alarm.ring();

    expect(await isOver(alarm.sleepUntilRung(aMinuteMs))).toBe(true);
    expect(await isOver(alarm.sleepUntilRung(aMinuteMs))).toBe(false);
  });

  it('that has ended a sleep does not end the next one', async () => {
    const sleep = alarm.sleepUntilRung(aMinuteMs);
    alarm.ring();
    await sleep;

    expect(await isOver(alarm.sleepUntilRung(aMinuteMs))).toBe(false);
  });

  it('does not end a plain sleep, but ends the next sleep that waits for it', async () => {
    const sleep = alarm.sleep(aMinuteMs);

    alarm.ring();

    expect(await isOver(sleep)).toBe(false);
    expect(await isOver(alarm.sleepUntilRung(aMinuteMs))).toBe(true);
  });

  it('lets every sleep end when its time is over', async () => {
    await alarm.sleep(1);
    await alarm.sleepUntilRung(1);
  });

  it('ends every sleep on the stop signal, without an error', async () => {
    const sleeps = [alarm.sleep(aMinuteMs), alarm.sleepUntilRung(aMinuteMs)];

    stop.abort();

    await Promise.all(sleeps);
    await alarm.sleep(aMinuteMs);
    await alarm.sleepUntilRung(aMinuteMs);
  });
});
