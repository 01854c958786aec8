import { setTimeout as sleep } from 'node:timers/promises';

// A sleep of node:timers can only be aborted while it lasts. A ring that comes just before it must count as well.

export type Alarm = ReturnType<typeof createAlarm>;

/** Sleeps that end early: all of them with the signal, some when the alarm is rung. A ring before the sleep counts. */
export function createAlarm(stop: AbortSignal) {
  let rung = false;
  let wake: (() => void) | undefined;
  const sleepFor = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined);
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async sleep(ms: number) {
      await sleepFor(ms, stop);
    },
    async sleepUntilRung(ms: number) {
      const ringing = new AbortController();
      wake = () => ringing.abort();
      if (!rung) await sleepFor(ms, AbortSignal.any([stop, ringing.signal]));
      rung = false;
    },
  };
}
